"""botocore's clients, for functions whose caller does not wait.

botocore is what boto3 wraps: smaller, and quicker to import (ADR 8). It is imported with the first
client.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from functions.adapters.jobs import CALL_TIMEOUT_S
from functions.adapters.request_failed import RequestFailed
from functions.core.settings import endpoint_url, required

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_sqs import SQSClient

_CONNECT_S = 2


def make_client(
    service: str, region: str, endpoint_url: str | None, *, attempts: int, read_timeout_s: int
) -> Any:
    """Return a client that sends a request at most `attempts` times."""
    from botocore.config import Config  # noqa: PLC0415 (see above)
    from botocore.session import Session  # noqa: PLC0415 (see above)

    config = Config(
        s3={
            "addressing_style": "path" if endpoint_url else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
        connect_timeout=_CONNECT_S,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().create_client(
        service, region_name=region, endpoint_url=endpoint_url, config=config
    )


@contextmanager
def failures() -> Iterator[None]:
    """Raise botocore's errors as `RequestFailed`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see above)

    try:
        yield
    except ClientError as error:
        raise RequestFailed(error.response.get("Error", {}).get("Code", "")) from error
    except BotoCoreError as error:
        raise RequestFailed(type(error).__name__) from error


class SdkAws:
    """Lambda and SQS in AWS_REGION, or at AWS_ENDPOINT_URL_LAMBDA and AWS_ENDPOINT_URL_SQS."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read these; the first request makes a client. Raises `SettingsError`."""
        self._region = required(environ, "AWS_REGION")
        self._endpoints = {name: endpoint_url(environ, name) for name in ("lambda", "sqs")}

    @cached_property
    def _lambda(self) -> "LambdaClient":
        return cast("LambdaClient", self._client("lambda"))

    @cached_property
    def _sqs(self) -> "SQSClient":
        return cast("SQSClient", self._client("sqs"))

    def _client(self, service: str) -> Any:
        place = self._region, self._endpoints[service]
        return make_client(service, *place, attempts=1, read_timeout_s=CALL_TIMEOUT_S)

    def invoke(self, function: str, event: str) -> None:
        """Have a function process an event later. Raises `RequestFailed`."""
        with failures():
            self._lambda.invoke(FunctionName=function, InvocationType="Event", Payload=event)

    def send_message(self, queue_url: str, body: str, delay_s: int) -> None:
        """Put a message on a queue. Raises `RequestFailed`."""
        with failures():
            self._sqs.send_message(QueueUrl=queue_url, MessageBody=body, DelaySeconds=delay_s)
