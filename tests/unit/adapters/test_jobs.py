"""The requests to Lambda and SQS: processing is started, webhooks are enqueued."""

import io
import json

import pytest
from botocore.stub import Stubber

from functions.adapters.jobs import WebhookQueue, enqueued_video
from functions.core.s3_event import created_event
from functions.core.settings import SettingsError
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.examples import ID, uploaded
from tests.jobs import QUEUE, processing_function, webhook_queue

pytestmark = pytest.mark.usefixtures("aws_credentials")


def test_processing_is_invoked_as_s3_does() -> None:
    expected = {
        "FunctionName": "clipo-processing",
        "InvocationType": "Event",
        "Payload": json.dumps(created_event(uploaded(), bucket="uploads")),
    }
    function = processing_function()
    with Stubber(function._lambda) as stub:
        stub.add_response("invoke", {"StatusCode": 202, "Payload": io.BytesIO()}, expected)
        function.start(uploaded(ID))
        stub.assert_no_pending_responses()


def test_a_refusal_of_lambda_is_unavailable() -> None:
    function = processing_function()
    with Stubber(function._lambda) as stub:
        stub.add_client_error("invoke", "AccessDeniedException")
        with pytest.raises(ProcessingUnavailable, match="Lambda: AccessDeniedException"):
            function.start(uploaded())


def test_a_webhook_is_a_message_that_is_read_as_one() -> None:
    body = json.dumps({"webhook_of": ID})
    expected = {"QueueUrl": QUEUE, "MessageBody": body, "DelaySeconds": 6}
    queue = webhook_queue()
    with Stubber(queue._sqs) as stub:
        stub.add_response("send_message", {"MessageId": "m"}, expected)
        queue.enqueue(ID, delay_s=6)
        stub.assert_no_pending_responses()
    assert enqueued_video(body) == ID


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "null", "[]", "{}", '{"webhook_of": 5}', '{"webhook_of": "5"}'],
)
def test_other_messages_name_no_video(body: str) -> None:
    assert enqueued_video(body) is None


def test_a_refusal_of_sqs_is_unavailable() -> None:
    queue = webhook_queue()
    with Stubber(queue._sqs) as stub:
        stub.add_client_error("send_message", "AccessDenied")
        with pytest.raises(QueueUnavailable, match="SQS: AccessDenied"):
            queue.enqueue(ID)


def test_without_webhooks_there_is_no_queue_and_with_them_it_needs_a_region() -> None:
    for environ in ({}, {"WEBHOOK_QUEUE_URL": ""}):
        assert WebhookQueue.read(environ) is None
    with pytest.raises(SettingsError, match="AWS_REGION"):
        WebhookQueue.read({"WEBHOOK_QUEUE_URL": QUEUE})
