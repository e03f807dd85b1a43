"""Starts the processing function where S3 sends no event. The only module that speaks to Lambda.

Asynchronously, as S3 does: Lambda keeps the event, and delivers it again where it fails.
"""

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote_plus

from functions.core.unavailable import ProcessingUnavailable
from functions.core.video import UploadedObject

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

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

    @cached_property
    def _lambda(self) -> "LambdaClient":
        # For the few requests that need it, like S3's in `s3_storage.py`.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        config = Config(
            connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1}
        )
        client = Session().create_client("lambda", region_name=self._region, config=config)
        return cast("LambdaClient", client)

    def start(self, upload: UploadedObject) -> None:
        """Hand an uploaded object to processing. Raises `ProcessingUnavailable`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see _lambda)

        event = created_event(upload, bucket=self._uploads_bucket)
        try:
            self._lambda.invoke(
                FunctionName=self._name, InvocationType="Event", Payload=json.dumps(event)
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise ProcessingUnavailable(f"Lambda: {code}") from error
        except BotoCoreError as error:
            raise ProcessingUnavailable(f"Lambda: {type(error).__name__}") from error


def created_event(upload: UploadedObject, *, bucket: str) -> dict[str, Any]:
    """Return the event by which S3 tells of a stored object; its source says that it is ours."""
    source = upload.source
    stored = {"key": quote_plus(upload.key, safe="/"), "size": source.size, "eTag": source.etag}
    if source.sequencer:
        stored["sequencer"] = source.sequencer
    return {
        "Records": [
            {
                "eventSource": "clipo",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": stored},
            }
        ]
    }
