"""Starts processing and enqueues webhooks. The only module that speaks to Lambda and SQS.

Both requests are asynchronous: Lambda keeps an event and delivers it again where it fails, and a
message that gets lost is made up for by the next scheduled run.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, cast

from functions.core.s3_event import created_event
from functions.core.settings import required, webhook_queue_url
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable, Unavailable
from functions.core.video import UploadedObject

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_sqs import SQSClient

LONGEST_DELAY_S = 900
"""The longest delay of an SQS message."""

_VIDEO_ID_FIELD = "webhook_of"
_VIDEO_ID = re.compile("[0-9a-f]{24}")
_CONNECT_S = 2
_READ_S = 3


class Jobs(Protocol):
    """Starts processing: on Lambda, or by the local stack's queue."""

    def start(self, upload: UploadedObject) -> None:
        """Have an uploaded object processed. Raises `ProcessingUnavailable`."""


class ProcessingFunction:
    """The deployed function. The client is made at the first use and then kept."""

    def __init__(self, name: str, *, region: str, uploads_bucket: str) -> None:
        """Take the function's name or ARN."""
        self._name = name
        self._region = region
        self._uploads_bucket = uploads_bucket

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "ProcessingFunction":
        """Read PROCESSING_FUNCTION, the name or ARN, AWS_REGION and UPLOADS_BUCKET.

        Raises `SettingsError`.
        """
        return cls(
            required(environ, "PROCESSING_FUNCTION"),
            region=required(environ, "AWS_REGION"),
            uploads_bucket=required(environ, "UPLOADS_BUCKET"),
        )

    @cached_property
    def _lambda(self) -> "LambdaClient":
        return cast("LambdaClient", _client("lambda", self._region, endpoint_url=None))

    def start(self, upload: UploadedObject) -> None:
        """Hand an uploaded object to processing, as S3 does. Raises `ProcessingUnavailable`."""
        event = created_event(upload, bucket=self._uploads_bucket)
        with _raised_as(ProcessingUnavailable, service="Lambda"):
            self._lambda.invoke(
                FunctionName=self._name, InvocationType="Event", Payload=json.dumps(event)
            )


class WebhookQueue:
    """The queue that the webhooks function reads. The client is made at the first use and kept.

    A message may get lost: the record says what is due, and the next scheduled run finds it
    (ADR 16).
    """

    def __init__(self, queue_url: str, *, region: str, endpoint_url: str | None) -> None:
        """Take the queue, and the address of SQS if it is not AWS's own."""
        self._queue_url = queue_url
        self._region = region
        self._endpoint_url = endpoint_url

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "WebhookQueue | None":
        """Read WEBHOOK_QUEUE_URL, AWS_REGION and AWS_ENDPOINT_URL_SQS; `None` without webhooks.

        Raises `SettingsError`.
        """
        queue_url = webhook_queue_url(environ)
        if queue_url is None:
            return None
        endpoint_url = environ.get("AWS_ENDPOINT_URL_SQS") or environ.get("AWS_ENDPOINT_URL")
        return cls(
            queue_url, region=required(environ, "AWS_REGION"), endpoint_url=endpoint_url or None
        )

    @cached_property
    def _sqs(self) -> "SQSClient":
        return cast("SQSClient", _client("sqs", self._region, endpoint_url=self._endpoint_url))

    def enqueue(self, video_id: str, *, delay_s: int = 0) -> None:
        """Have a video's webhook delivered after a delay of at most `LONGEST_DELAY_S`.

        Raises `QueueUnavailable`.
        """
        with _raised_as(QueueUnavailable, service="SQS"):
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps({_VIDEO_ID_FIELD: video_id}),
                DelaySeconds=delay_s,
            )


def enqueued_video(body: str) -> str | None:
    """Return the video id in a message of the webhook queue, `None` where it has none."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    video_id = message.get(_VIDEO_ID_FIELD) if isinstance(message, dict) else None
    return video_id if isinstance(video_id, str) and _VIDEO_ID.fullmatch(video_id) else None


def _client(service: str, region: str, *, endpoint_url: str | None) -> "BaseClient":
    # Imported for the few requests that need it, like S3's in `s3_client.py`.
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    config = Config(
        connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1}
    )
    return Session().create_client(
        service, region_name=region, endpoint_url=endpoint_url, config=config
    )


@contextmanager
def _raised_as(unavailable: type[Unavailable], *, service: str) -> Iterator[None]:
    """Raise an error of AWS's SDK as one of ours, with its code and without its message."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see _client)

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise unavailable(f"{service}: {code}") from error
    except BotoCoreError as error:
        raise unavailable(f"{service}: {type(error).__name__}") from error
