"""Several receivers with a real MongoDB server: filters, failures, tests and the log."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_event_id, new_video_id
from functions.core.delivery_log import (
    DeliveryFilter,
    DeliveryStatus,
    LoggedDelivery,
    delivery_id,
)
from functions.core.receivers import Receiver, signing_secret
from functions.core.result_event import TEST_EVENT, EventType
from functions.core.settings import CatalogSettings
from functions.core.video import Lease
from functions.webhooks.deliver import DeliveryReport, Webhooks
from functions.webhooks.gate import MAX_FAILED_IN_A_ROW
from tests import moves
from tests.examples import uploaded, video
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.receivers import API, hang, receiver, status
from tests.receivers import Receiver as Server
from tests.webhook_targets import ROOT, targets_of_records

NOW = datetime.now(UTC)
LEASE = Lease("token", NOW + timedelta(minutes=2))


@dataclass
class World:
    catalog: MongoCatalog
    webhooks: Webhooks

    def add(self, number: int, server: Server, **fields: object) -> Receiver:
        made = replace(Receiver(f"rcv_{number:024x}", server.url, NOW), **fields)  # type: ignore[arg-type]
        self.catalog.receivers.add(made)
        server.secret = signing_secret(ROOT, made.id, made.secret_number)
        server.http = "HTTP/1.1"
        return made

    def finish_video(self, *, owner: str | None = None) -> str:
        video_id = new_video_id()
        self.catalog.add(video(video_id, owner=owner))
        moves.claim(self.catalog, uploaded(video_id), LEASE, now=NOW)
        moves.complete(self.catalog, video_id, LEASE)
        return video_id

    def fail_video(self) -> str:
        video_id = new_video_id()
        self.catalog.add(video(video_id))
        moves.fail_stuck(self.catalog, video_id, now=NOW)
        return video_id

    def run(self) -> DeliveryReport:
        return self.webhooks.run(remaining_s=lambda: 200.0)

    def log(self, **only: str) -> list[LoggedDelivery]:
        return self.catalog.deliveries.page(DeliveryFilter(**only), after=None, limit=100)  # type: ignore[arg-type]


@pytest.fixture
def world(mongodb_uri: str) -> Iterator[World]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}", webhooks_on=True)
    with closing(MongoCatalog(settings, pool_size=8, timeout_ms=10_000)) as catalog:
        catalog.ensure_schema()
        targets = targets_of_records(catalog.receivers.all)
        yield World(catalog, Webhooks(catalog, targets, FakeWebhookQueue(), API))
        targets.close()
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)


@pytest.fixture
def one() -> Iterator[Server]:
    with receiver() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Server]:
    with receiver() as made:
        yield made


def ids(server: Server) -> list[str]:
    return sorted(event["data"]["id"] for _, event in server.got)


def test_each_receiver_gets_what_it_wants_with_its_own_signature(
    world: World, one: Server, other: Server
) -> None:
    world.add(1, one)
    world.add(2, other, events=frozenset({EventType.FAILED}))
    done, failed = world.finish_video(), world.fail_video()
    assert world.run() == DeliveryReport(delivered=3)
    assert (ids(one), ids(other)) == (sorted([done, failed]), [failed])
    assert len({webhook_id for webhook_id, _ in one.got + other.got}) == 2
    assert {entry.status for entry in world.log()} == {DeliveryStatus.DELIVERED}
    assert len(world.log()) == 3
    assert world.run() == DeliveryReport()


def test_a_result_that_no_receiver_wants_is_never_due_again(world: World, one: Server) -> None:
    world.add(1, one, owner="anna")
    unwanted, wanted = world.finish_video(owner="bob"), world.finish_video(owner="anna")
    assert world.run() == DeliveryReport(delivered=1)
    assert ids(one) == [wanted]
    found = world.catalog.get(unwanted)
    assert found
    assert found.webhook
    assert not found.webhook.has_receiver
    assert list(world.catalog.undelivered(before=datetime.now(UTC))) == []


@pytest.mark.parametrize("broken", [hang, status(500)])
def test_a_broken_receiver_delays_no_other(
    world: World, one: Server, other: Server, broken: object
) -> None:
    world.add(1, one)
    bad = world.add(2, other)
    other.answer = broken  # type: ignore[assignment]
    videos = [world.finish_video() for _ in range(MAX_FAILED_IN_A_ROW + 2)]
    report = world.run()
    assert report == DeliveryReport(len(videos), MAX_FAILED_IN_A_ROW, finished=False)
    assert ids(one) == sorted(videos)
    waiting = [world.catalog.get(video_id) for video_id in videos]
    attempts = [
        delivery.attempts
        for found in waiting
        if found and found.webhook and (delivery := found.webhook.delivery_to(bad.id))
    ]
    assert sorted(attempts) == [0, 0, 1, 1, 1], "a receiver that rests uses up no attempts"
    assert {entry.status for entry in world.log(receiver=bad.id)} == {DeliveryStatus.PENDING}


def test_a_message_delivers_to_all_receivers_and_keeps_the_connections(
    world: World, one: Server, other: Server
) -> None:
    world.add(1, one)
    world.add(2, other)
    for _ in range(3):
        world.webhooks.deliver(world.finish_video())
    assert len(one.got) == len(other.got) == 3
    assert len(one.connections) == len(other.connections) == 1


def test_a_removed_receiver_gets_no_further_attempt(
    world: World, one: Server, other: Server
) -> None:
    world.add(1, one)
    gone = world.add(2, other)
    other.answer = status(500)
    video_id = world.finish_video()
    world.run()
    assert world.catalog.receivers.remove(gone.id)
    world.webhooks.targets.refresh()
    past = datetime.now(UTC) - timedelta(seconds=1)
    change = {"$set": {"webhook.due_at": past, "webhook.deliveries.1.due_at": past}}
    assert world.catalog._videos.update_one({"_id": ObjectId(video_id)}, change).matched_count
    assert world.run() == DeliveryReport()
    found = world.catalog.get(video_id)
    assert found
    assert found.webhook
    assert (found.webhook.due_at, len(found.webhook.deliveries)) == (None, 1)
    assert found.webhook.delivered_at
    assert len(other.got) == 1


def test_the_log_has_every_attempt(world: World, one: Server) -> None:
    made = world.add(1, one)
    one.answer = status(503)
    video_id = world.finish_video()
    world.run()
    (entry,) = world.log(video_id=video_id)
    assert entry.id == delivery_id(entry.event_id, made.id)
    assert (entry.status, entry.owner) == (DeliveryStatus.PENDING, None)
    assert entry.due_at
    assert [(attempt.status, attempt.reason) for attempt in entry.attempts] == [(503, "status 503")]
    assert world.catalog.deliveries.get(entry.id) == entry
    assert world.catalog.deliveries.get(entry.id, owner="anna") is None
    assert world.log(status=DeliveryStatus.FAILED) == []
    (document,) = world.catalog._database.webhook_deliveries.find()
    assert document["expires_at"] > datetime.now(UTC) + timedelta(days=6)
    assert one.url not in repr(document)


@pytest.mark.parametrize(
    ("code", "end"), [(204, DeliveryStatus.DELIVERED), (500, DeliveryStatus.FAILED)]
)
def test_a_test_is_sent_once(world: World, one: Server, code: int, end: DeliveryStatus) -> None:
    made = world.add(1, one, enabled=False)
    one.answer = status(code)
    event_id = new_event_id()
    test = LoggedDelivery(
        delivery_id(event_id, made.id), made.id, event_id, TEST_EVENT, DeliveryStatus.PENDING, NOW
    )
    world.catalog.deliveries.record(test, None)
    for _ in range(2):
        world.webhooks.send_test(test.id)
    ((webhook_id, event),) = one.got
    assert (webhook_id, event["type"]) == (event_id, TEST_EVENT)
    (entry,) = world.log()
    assert (entry.status, len(entry.attempts)) == (end, 1)


def test_receivers_are_stored_without_secrets(world: World, one: Server) -> None:
    first, second = world.add(1, one, owner="anna"), world.add(2, one)
    receivers = world.catalog.receivers
    loaded = receivers.all()
    assert [found.id for found in loaded] == [first.id, second.id]
    changed = replace(loaded[0], enabled=False, secret_number=2)
    assert receivers.replace(changed)
    assert receivers.get(first.id) == changed
    assert receivers.remove(first.id)
    assert not receivers.remove(first.id)
    assert not receivers.replace(changed)
    (document,) = world.catalog._database.webhook_receivers.find()
    assert "whsec" not in repr(document)
