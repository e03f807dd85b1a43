"""Requests to Lambda and SQS where nothing listens."""

import pytest

from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.examples import ID, uploaded
from tests.jobs import processing_function, webhook_queue

pytestmark = pytest.mark.usefixtures("aws_credentials")


def test_an_unreachable_lambda_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    with pytest.raises(ProcessingUnavailable, match="Lambda: EndpointConnectionError"):
        processing_function().start(uploaded())


def test_an_unreachable_sqs_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable, match="SQS: EndpointConnectionError"):
        webhook_queue(AWS_ENDPOINT_URL_SQS="http://127.0.0.1:9").enqueue(ID)
