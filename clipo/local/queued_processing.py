"""Starts processing by the queue of events, in the place of Lambda's asynchronous invocation."""

from collections.abc import Mapping
from functools import cached_property

from clipo.errors import ClipoError
from clipo.local.cloud import Cloud
from functions.adapters.telemetry import current_trace
from functions.core.s3_event import created_event
from functions.core.unavailable import ProcessingUnavailable
from functions.core.video import UploadedObject


class QueuedProcessing:
    """The dispatcher on the other end delivers with Lambda's retries."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take what `Cloud` reads, UPLOADS_BUCKET and EVENTS_QUEUE_URL."""
        self._environ = environ

    @cached_property
    def _cloud(self) -> Cloud:
        return Cloud(self._environ)

    def start(self, upload: UploadedObject) -> None:
        """Hand an uploaded object to processing. Raises `ProcessingUnavailable`."""
        bucket = self._environ["UPLOADS_BUCKET"]
        event = created_event(upload, bucket=bucket, trace=current_trace())
        try:
            self._cloud.send(self._environ["EVENTS_QUEUE_URL"], event)
        except ClipoError as error:
            raise ProcessingUnavailable(f"The queue of events: {error}") from error
