"""Starts processing and enqueues webhooks, with signed requests or with AWS's SDK.

Both requests are asynchronous: Lambda keeps an event and retries it, and the next scheduled run
replaces a queue message that got lost.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from functions.adapters.request_failed import RequestFailed
from functions.adapters.telemetry import current_trace
from functions.core.delivery_log import DELIVERY_ID
from functions.core.s3_event import created_event
from functions.core.settings import required, webhook_queue_url
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from functions.core.video import UploadedObject

LONGEST_DELAY_S = 900
"""The longest delay of an SQS message."""

CALL_TIMEOUT_S = 3
"""The time limit for a response of Lambda or SQS. Clipo sends each request once."""

_VIDEO_ID_FIELD = "webhook_of"
_VIDEO_ID = re.compile("[0-9a-f]{24}")
_TEST_FIELD = "webhook_test"


class Jobs(Protocol):
    """Starts processing on Lambda or through the local stack's queue."""

    def start(self, upload: UploadedObject) -> None:
        """Hand an uploaded object to processing, as S3 does. Raises `ProcessingUnavailable`."""


class ProcessingFunction:
    """The deployed processing function."""

    def __init__(self, environ: Mapping[str, str], invoke: Callable[[str, str], None]) -> None:
        """Read PROCESSING_FUNCTION, the name or ARN, and UPLOADS_BUCKET.

        `invoke` sends a function an event. Raises `SettingsError`.
        """
        self._name = required(environ, "PROCESSING_FUNCTION")
        self._uploads_bucket = required(environ, "UPLOADS_BUCKET")
        self._invoke = invoke

    def start(self, upload: UploadedObject) -> None:
        """Hand an uploaded object to processing, as S3 does. Raises `ProcessingUnavailable`."""
        event = created_event(upload, bucket=self._uploads_bucket, trace=current_trace())
        try:
            self._invoke(self._name, json.dumps(event))
        except RequestFailed as error:
            raise ProcessingUnavailable(f"Lambda: {error.code}") from error


class WebhookQueue:
    """The queue that the webhooks function reads.

    A message may get lost: the next scheduled run finds the webhook by its due time in the record
    (ADR 16).
    """

    def __init__(self, queue_url: str, send: Callable[[str, str, int], None]) -> None:
        """Store the queue's URL. `send` sends a queue a message with a delay in seconds."""
        self._queue_url = queue_url
        self._send = send

    @classmethod
    def read(
        cls, environ: Mapping[str, str], send: Callable[[str, str, int], None]
    ) -> "WebhookQueue | None":
        """Read WEBHOOK_QUEUE_URL; `None` without webhooks."""
        queue_url = webhook_queue_url(environ)
        return cls(queue_url, send) if queue_url else None

    def enqueue(self, video_id: str, *, delay_s: int = 0) -> None:
        """Have a video's webhook delivered after a delay of at most `LONGEST_DELAY_S`.

        Raises `QueueUnavailable`.
        """
        self._enqueue(_VIDEO_ID_FIELD, video_id, delay_s)

    def enqueue_test(self, delivery_id: str) -> None:
        """Have the test of a receiver sent, which is in the log. Raises `QueueUnavailable`."""
        self._enqueue(_TEST_FIELD, delivery_id, 0)

    def _enqueue(self, field: str, value: str, delay_s: int) -> None:
        try:
            self._send(self._queue_url, json.dumps({field: value}), delay_s)
        except RequestFailed as error:
            raise QueueUnavailable(f"SQS: {error.code}") from error


def enqueued_video(body: str) -> str | None:
    """Return the video id in a message of the webhook queue, `None` if it has none."""
    return _enqueued(body, _VIDEO_ID_FIELD, _VIDEO_ID)


def enqueued_test(body: str) -> str | None:
    """Return the id of the delivery in a message that tests a receiver, `None` if it has none."""
    return _enqueued(body, _TEST_FIELD, DELIVERY_ID)


def _enqueued(body: str, field: str, pattern: re.Pattern[str]) -> str | None:
    try:
        message = json.loads(body)
    except ValueError:
        return None
    value = message.get(field) if isinstance(message, dict) else None
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
