"""What brings upkeep to a finished video before its next sweep."""

import json

import pytest
from botocore.stub import Stubber

from functions.adapters.webhook_queue import Nudges, nudged_video
from functions.core.settings import CatalogSettings, SettingsError
from functions.core.unavailable import QueueUnavailable
from tests.examples import ID

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/clipo-webhooks"
SETTINGS = {"WEBHOOK_QUEUE_URL": QUEUE, "AWS_REGION": "eu-west-1"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def nudges(**environ: str) -> Nudges:
    made = Nudges.read(SETTINGS | environ)
    assert made
    return made


def test_it_is_a_message_that_is_read_as_one() -> None:
    body = json.dumps({"webhook_of": ID})
    expected = {"QueueUrl": QUEUE, "MessageBody": body, "DelaySeconds": 6}
    sender = nudges()
    with Stubber(sender._sqs) as stub:
        stub.add_response("send_message", {"MessageId": "m"}, expected)
        sender.send(ID, delay_s=6)
        stub.assert_no_pending_responses()
    assert nudged_video(body) == ID


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "null", "[]", "{}", '{"webhook_of": 5}', '{"webhook_of": "5"}'],
)
def test_other_messages_are_none(body: str) -> None:
    assert nudged_video(body) is None


def test_a_refusal_is_unavailable() -> None:
    sender = nudges()
    with Stubber(sender._sqs) as stub:
        stub.add_client_error("send_message", "AccessDenied")
        with pytest.raises(QueueUnavailable, match="AccessDenied"):
            sender.send(ID)


def test_without_a_queue_nobody_is_told_and_nothing_recorded_for_it() -> None:
    catalog = {"MONGODB_URI": "mongodb://h"}
    for environ in ({}, {"WEBHOOK_QUEUE_URL": ""}):
        assert Nudges.read(environ) is None
        assert not CatalogSettings.read(catalog | environ).announces
    assert CatalogSettings.read(catalog | SETTINGS).announces
    with pytest.raises(SettingsError, match="AWS_REGION"):
        Nudges.read({"WEBHOOK_QUEUE_URL": QUEUE})
