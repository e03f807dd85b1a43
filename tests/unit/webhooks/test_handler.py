"""How the webhooks function handles each event."""

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.triggers import UnknownEvent
from functions.core.settings import SettingsError
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Webhook
from functions.webhooks.deliver import MARGIN_S, Webhooks
from functions.webhooks.handler import handle
from functions.webhooks.wiring import wire
from tests.events import event
from tests.examples import ID, done_video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.lambda_context import FakeLambdaContext
from tests.fakes.receiver import FakeReceiver
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.logs import logged
from tests.receivers import API, SECRET
from tests.webhook_targets import targets_of_settings

SETTINGS = {
    "AWS_REGION": "eu-west-1",
    "MONGODB_URI": "mongodb://127.0.0.1:9",
    "API_URL": API,
    "WEBHOOK_URL": "https://example.com",
    "WEBHOOK_SECRET": SECRET,
    "WEBHOOK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/webhooks",
}


@dataclass
class World:
    records: FakeCatalog = field(default_factory=FakeCatalog)
    receiver: FakeReceiver = field(default_factory=FakeReceiver)
    context: FakeLambdaContext = field(default_factory=FakeLambdaContext)

    def handle(self, of: Any) -> dict[str, Any]:
        targets = targets_of_settings(self.receiver)
        webhooks = Webhooks(self.records, targets, FakeWebhookQueue(), API)
        return handle(of, self.context, webhooks)


@pytest.fixture
def world() -> World:
    """One video is done, and its webhook is due."""
    webhook = Webhook("msg_1", due_at=datetime.now(UTC))
    return World(FakeCatalog({ID: replace(done_video(), webhook=webhook)}))


def test_the_schedule_attempts_due_webhooks(world: World) -> None:
    report = {"delivered": 1, "not_delivered": 0, "finished": True}
    assert world.handle(event("schedule-webhooks")) == report
    assert world.receiver.ids == ["msg_1"]


def test_the_schedule_begins_no_attempt_without_enough_time(world: World) -> None:
    world.context.remaining_s = MARGIN_S - 1
    report = world.handle(event("schedule-webhooks"))
    assert report == {"delivered": 0, "not_delivered": 0, "finished": False}
    assert world.receiver.got == []


def test_a_message_attempts_its_webhook(world: World) -> None:
    assert world.handle(event("sqs-webhook")) == {"batchItemFailures": []}
    assert world.receiver.ids == ["msg_1"]


def test_a_message_without_enough_time_is_retried(world: World) -> None:
    world.context.remaining_s = MARGIN_S - 1
    message = event("sqs-webhook")["Records"][0]["messageId"]
    again = {"batchItemFailures": [{"itemIdentifier": message}]}
    assert world.handle(event("sqs-webhook")) == again
    assert world.receiver.got == []


def test_a_message_is_retried_if_the_record_cannot_be_read(world: World) -> None:
    world.records.down = True
    message = event("sqs-webhook")["Records"][0]["messageId"]
    again = {"batchItemFailures": [{"itemIdentifier": message}]}
    assert world.handle(event("sqs-webhook")) == again
    assert world.receiver.got == []


def test_a_message_that_names_no_video_is_logged_and_stops_no_other(world: World) -> None:
    batch = event("sqs-webhook-not-understood")
    batch["Records"] += copy.deepcopy(event("sqs-webhook")["Records"])
    with logged() as lines:
        assert world.handle(batch) == {"batchItemFailures": []}
    not_understood, understood = (message["messageId"] for message in batch["Records"])
    assert {line["message"]: line["message_id"] for line in lines} == {
        "webhook message not understood": not_understood,
        "webhook delivered": understood,
    }


def test_without_a_catalog_the_run_fails(world: World) -> None:
    world.records.down = True
    with pytest.raises(CatalogUnavailable):
        world.handle(event("schedule-webhooks"))


@pytest.mark.parametrize("nonsense", [None, {}, event("s3-test-event")])
def test_other_events_are_refused(world: World, nonsense: object) -> None:
    with pytest.raises(UnknownEvent):
        world.handle(nonsense)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_missing_setting_is_named(name: str) -> None:
    assert wire(SETTINGS)
    with pytest.raises(SettingsError, match=name):
        wire(SETTINGS | {name: ""})


def test_it_does_not_start_without_webhooks() -> None:
    without = {name: value for name, value in SETTINGS.items() if "WEBHOOK" not in name}
    with pytest.raises(SettingsError, match="WEBHOOK_URL"):
        wire(without)
