"""Tells upkeep at once that a video's webhook is due. The only module that speaks to SQS.

A nudge may get lost: the record says what is due, and upkeep's next sweep finds it (ADR 16).
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from functions.core.settings import required, webhook_queue_url
from functions.core.unavailable import QueueUnavailable

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

LONGEST_DELAY_S = 900
"""Of a message of SQS."""

_OF = "webhook_of"
_VIDEO_ID = re.compile("[0-9a-f]{24}")
_CONNECT_S = 2
_READ_S = 3


class Nudges:
    """Upkeep's queue. The client is made at the first use and then kept."""

    def __init__(self, queue_url: str, *, region: str, endpoint_url: str | None) -> None:
        """Take the queue, and where SQS is if it is not AWS's own."""
        self._queue_url = queue_url
        self._region = region
        self._endpoint_url = endpoint_url

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Nudges | None":
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
        # For the few who want webhooks, like S3's in `s3_storage.py`.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        config = Config(
            connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1}
        )
        client = Session().create_client(
            "sqs", region_name=self._region, endpoint_url=self._endpoint_url, config=config
        )
        return cast("SQSClient", client)

    def send(self, video_id: str, *, delay_s: int = 0) -> None:
        """Have upkeep look at a video's webhook after a while, of `LONGEST_DELAY_S` at most.

        Raises `QueueUnavailable`.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see _sqs)

        try:
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps({_OF: video_id}),
                DelaySeconds=delay_s,
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise QueueUnavailable(f"SQS: {code}") from error
        except BotoCoreError as error:
            raise QueueUnavailable(f"SQS: {type(error).__name__}") from error


def nudged_video(body: str) -> str | None:
    """Return the id of the video that a message is a nudge for, `None` where it is no nudge."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    video_id = message.get(_OF) if isinstance(message, dict) else None
    return video_id if isinstance(video_id, str) and _VIDEO_ID.fullmatch(video_id) else None
