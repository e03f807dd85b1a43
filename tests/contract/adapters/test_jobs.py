"""Requests to Lambda and SQS where nothing listens."""

import pytest

from functions.adapters.jobs import ProcessingFunction, WebhookQueue
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.examples import ID, uploaded

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/clipo-webhooks"


SETTINGS = {"WEBHOOK_QUEUE_URL": QUEUE, "AWS_REGION": "eu-west-1"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def function() -> ProcessingFunction:
    return ProcessingFunction("clipo-processing", region="eu-west-1", uploads_bucket="uploads")


def webhook_queue(**environ: str) -> WebhookQueue:
    made = WebhookQueue.read(SETTINGS | environ)
    assert made
    return made


def test_an_unreachable_lambda_is_unavailable(
    function: ProcessingFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    with pytest.raises(ProcessingUnavailable, match="Lambda: EndpointConnectionError"):
        function.start(uploaded())


def test_an_unreachable_sqs_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable, match="SQS: EndpointConnectionError"):
        webhook_queue(AWS_ENDPOINT_URL_SQS="http://127.0.0.1:9").enqueue(ID)
