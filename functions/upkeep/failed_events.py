"""The failure queue: events that processing has failed on in every attempt.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.adapters.catalog import Catalog, remove_objects_without_record
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.telemetry import log_context, logger, trace_context
from functions.core.clock import Clock, utc_now
from functions.core.failures import RETRIES_EXHAUSTED
from functions.core.lifecycle.stuck import is_abandoned
from functions.core.s3_event import MalformedEvent, event_id, records, uploaded_object
from functions.core.trace import parse_trace
from functions.core.video import UploadedObject, Video
from functions.upkeep.stuck import fail_stuck


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """Lambda's record of an event that it does not retry any more."""

    failed_at: datetime
    condition: str
    """Lambda's reason: `RetriesExhausted` or `EventAgeExceeded`."""
    event: Any


def read(body: str) -> FailedEvent:
    """Parse one of Lambda's records. Raises `MalformedEvent`."""
    try:
        record = json.loads(body)
        failed_at = datetime.fromisoformat(record["timestamp"])
        return FailedEvent(
            # A time without a zone cannot be compared with one that has a zone.
            failed_at=failed_at if failed_at.tzinfo else failed_at.replace(tzinfo=UTC),
            condition=str(record["requestContext"]["condition"]),
            event=record["requestPayload"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedEvent(f"Not a record of a failed event: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class FailedEvents:
    """Fails the videos whose events have failed, unless a worker may still finish them."""

    catalog: Catalog
    storage: SdkStorage
    uploads_bucket: str
    now: Clock = utc_now

    def settle(self, body: str) -> None:
        """Settle one message of the queue.

        A malformed message is logged and dropped: the sweep finds its video. Raises
        `CatalogUnavailable` or `StorageUnavailable`; then the queue must deliver the message again.
        """
        try:
            failed = read(body)
            found = records(failed.event)
        except MalformedEvent as error:
            logger().error("failed event not understood", reason=str(error))
            return
        for record in found:
            self._settle_record(record, failed)

    def _settle_record(self, record: Mapping[str, Any], failed: FailedEvent) -> None:
        try:
            upload = uploaded_object(record, bucket=self.uploads_bucket)
        except MalformedEvent as error:
            logger().error("failed event not understood", reason=str(error))
            return
        if upload is None:
            return
        with log_context(event_id=event_id(record)):
            self._give_up(upload, failed)

    def _give_up(self, upload: UploadedObject, failed: FailedEvent) -> None:
        video = self.catalog.get(upload.video_id)
        if video is None:
            # If the video was deleted, its worker may have died before it removed its own output,
            # and no other event will start a worker that does.
            remove_objects_without_record(
                self.catalog, self.storage.delete_objects_of, upload.video_id
            )
            return
        with trace_context(parse_trace(video.traceparent)):
            self._fail_if_abandoned(video, upload, failed)

    def _fail_if_abandoned(self, video: Video, upload: UploadedObject, failed: FailedEvent) -> None:
        if not is_abandoned(video, upload, failed_at=failed.failed_at):
            logger().info("failed event ignored", video_id=video.id, status=video.status)
            return
        logger().warning("retries exhausted", video_id=video.id, condition=failed.condition)
        error = RETRIES_EXHAUSTED.failure()
        fail_stuck(self.catalog, self.storage, video, error, now=self.now())
