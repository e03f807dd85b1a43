"""What starts processing and enqueues webhooks, without a network."""

import json

import pytest

from functions.adapters.jobs import ProcessingFunction, WebhookQueue, enqueued_video
from functions.adapters.request_failed import RequestFailed
from functions.adapters.telemetry import trace_context
from functions.core.s3_event import created_event, trace_of
from functions.core.settings import SettingsError
from functions.core.trace import new_trace
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.examples import ID, uploaded

SETTINGS = {"PROCESSING_FUNCTION": "clipo-processing", "UPLOADS_BUCKET": "uploads"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/clipo-webhooks"


def refuse(*_: object) -> None:
    raise RequestFailed("AccessDenied")


def test_processing_is_invoked_as_s3_does() -> None:
    invoked: list[tuple[str, str]] = []
    ProcessingFunction(SETTINGS, lambda *call: invoked.append(call)).start(uploaded(ID))
    event = json.dumps(created_event(uploaded(ID), bucket="uploads"))
    assert invoked == [("clipo-processing", event)]


def test_an_event_of_ours_names_the_trace_that_asks_for_it() -> None:
    invoked: list[tuple[str, str]] = []
    trace = new_trace()
    with trace_context(trace):
        ProcessingFunction(SETTINGS, lambda *call: invoked.append(call)).start(uploaded(ID))
    (record,) = json.loads(invoked[0][1])["Records"]
    assert trace_of(record) == trace
    assert trace_of(created_event(uploaded(ID), bucket="uploads")["Records"][0]) is None


@pytest.mark.parametrize("name", SETTINGS)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ProcessingFunction(SETTINGS | {name: ""}, refuse)


def test_a_refusal_of_lambda_is_unavailable() -> None:
    with pytest.raises(ProcessingUnavailable, match="Lambda: AccessDenied"):
        ProcessingFunction(SETTINGS, refuse).start(uploaded())


def test_a_webhook_is_a_message_that_is_read_as_one() -> None:
    sent: list[tuple[str, str, int]] = []
    WebhookQueue(QUEUE, lambda *call: sent.append(call)).enqueue(ID, delay_s=6)
    ((queue, body, delay),) = sent
    assert (queue, delay, enqueued_video(body)) == (QUEUE, 6, ID)


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "null", "[]", "{}", '{"webhook_of": 5}', '{"webhook_of": "5"}'],
)
def test_other_messages_name_no_video(body: str) -> None:
    assert enqueued_video(body) is None


def test_a_refusal_of_sqs_is_unavailable() -> None:
    with pytest.raises(QueueUnavailable, match="SQS: AccessDenied"):
        WebhookQueue(QUEUE, refuse).enqueue(ID)


def test_without_webhooks_there_is_no_queue() -> None:
    for environ in ({}, {"WEBHOOK_QUEUE_URL": ""}):
        assert WebhookQueue.read(environ, refuse) is None
