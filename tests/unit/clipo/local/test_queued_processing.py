"""The queue in the place of Lambda's asynchronous invocation."""

import pytest

from clipo.errors import ClipoError
from clipo.local.cloud import Cloud
from clipo.local.queued_processing import QueuedProcessing
from functions.core.s3_event import created_event
from functions.core.unavailable import ProcessingUnavailable
from tests.examples import uploaded

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
    "UPLOADS_BUCKET": "uploads",
    "EVENTS_QUEUE_URL": "http://127.0.0.1:9/queue",
}


def test_an_upload_is_sent_as_an_event_of_its_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(Cloud, "send", lambda _, queue, body: sent.append((queue, body)))
    QueuedProcessing(ENVIRON).start(uploaded())
    assert sent == [(ENVIRON["EVENTS_QUEUE_URL"], created_event(uploaded(), bucket="uploads"))]


def test_a_queue_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ClipoError("Could not send an event.")

    monkeypatch.setattr(Cloud, "send", refuse)
    with pytest.raises(ProcessingUnavailable, match="Could not send"):
        QueuedProcessing(ENVIRON).start(uploaded())
