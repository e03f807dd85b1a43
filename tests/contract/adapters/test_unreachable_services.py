"""AWS's services where nothing listens."""

import pytest

from functions.adapters.processing_function import ProcessingFunction
from functions.adapters.webhook_queue import Nudges
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.examples import ID, uploaded


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def test_processing_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    function = ProcessingFunction("clipo", region="eu-west-1", uploads_bucket="uploads")
    with pytest.raises(ProcessingUnavailable, match="EndpointConnectionError"):
        function.start(uploaded())


def test_the_webhook_queue_is_unavailable() -> None:
    queue = Nudges.read(
        {
            "WEBHOOK_QUEUE_URL": "http://127.0.0.1:9/123456789012/clipo-webhooks",
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
        }
    )
    assert queue
    with pytest.raises(QueueUnavailable, match="EndpointConnectionError"):
        queue.send(ID)
