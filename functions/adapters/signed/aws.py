"""Lambda and SQS with requests that Clipo signs itself."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from functions.adapters.jobs import CALL_TIMEOUT_S
from functions.adapters.pictures import MAKING_TIMEOUT_S
from functions.adapters.request_failed import RequestFailed
from functions.adapters.signed.service import SignedService
from functions.core.settings import service_url


class SignedAws:
    """Lambda and SQS in AWS_REGION, or at AWS_ENDPOINT_URL_LAMBDA and AWS_ENDPOINT_URL_SQS."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read these settings and the credentials. Raises `SettingsError`."""
        self._lambda_url = service_url(environ, "lambda")
        self._sqs_url = service_url(environ, "sqs")
        self._lambda, self._sqs = (
            SignedService.read(name, environ, attempts=1, read_timeout_s=CALL_TIMEOUT_S)
            for name in ("lambda", "sqs")
        )

    def invoke(self, function: str, event: str) -> None:
        """Have a function process an event later. Raises `RequestFailed`.

        https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        """
        headers = {"x-amz-invocation-type": "Event"}
        self._lambda.send("POST", self._address(function), headers, event.encode())

    def call(self, function: str, event: str) -> bytes:
        """Have a function process an event, and return its answer. Raises `RequestFailed`.

        Lambda answers 200 also if the function failed.
        """
        answer = self._lambda.send(
            "POST",
            self._address(function),
            {"x-amz-invocation-type": "RequestResponse"},
            event.encode(),
            read_timeout_s=MAKING_TIMEOUT_S,
        )
        if kind := answer.headers.get("x-amz-function-error"):
            raise RequestFailed(f"FunctionError: {kind}")
        return answer.data

    def _address(self, function: str) -> str:
        path = f"2015-03-31/functions/{quote(function, safe='')}/invocations"
        return f"{self._lambda_url}/{path}"

    def send_message(self, queue_url: str, body: str, delay_s: int) -> None:
        """Put a message on a queue. Raises `RequestFailed`.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
        """
        message = {"QueueUrl": queue_url, "MessageBody": body, "DelaySeconds": delay_s}
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "AmazonSQS.SendMessage",
        }
        self._sqs.send("POST", f"{self._sqs_url}/", headers, json.dumps(message).encode())
