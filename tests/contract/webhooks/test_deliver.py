"""Deliveries with a real MongoDB server and a real receiver, and crashes in between."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.lifecycle.deliveries import WEBHOOK_DELAYS
from functions.core.settings import CatalogSettings
from functions.core.video import Lease, Video, Webhook
from functions.webhooks.deliver import DeliveryReport, Webhooks
from functions.webhooks.outbound import HttpReceiver
from tests import moves
from tests.examples import uploaded, video
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.receivers import API, Answer, Handler, Receiver, close, hang, receiver, status
from tests.webhook_targets import targets_of_settings

NOW = datetime.now(UTC)
LEASE = Lease("token", NOW + timedelta(minutes=2))


@dataclass
class World:
    catalog: MongoCatalog
    receiver: Receiver
    queue: FakeWebhookQueue

    def finish_video(self) -> str:
        video_id = new_video_id()
        self.catalog.add(video(video_id))
        self.complete(video_id)
        return video_id

    def complete(self, video_id: str, *, sequencer: str = "A") -> None:
        upload = uploaded(video_id, etag=sequencer, sequencer=sequencer)
        moves.claim(self.catalog, upload, LEASE, now=NOW)
        moves.complete(self.catalog, video_id, LEASE)

    @property
    def webhooks(self) -> Webhooks:
        # Only a receiver that hangs is to reach the limit.
        exchange_s = 1.0 if self.receiver.answer is hang else 10.0
        client = HttpReceiver(self.receiver.url, allow_private=True, exchange_s=exchange_s)
        return Webhooks(self.catalog, targets_of_settings(client), self.queue, API)

    def run(self) -> DeliveryReport:
        return self.webhooks.run(remaining_s=lambda: 200.0)

    def deliver(self, video_id: str) -> None:
        self.webhooks.deliver(video_id)

    def webhook(self, video_id: str) -> Webhook:
        found = self.video(video_id).webhook
        assert found
        return found

    def video(self, video_id: str) -> Video:
        found = self.catalog.get(video_id)
        assert found
        return found

    def becomes_due(self, video_id: str) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        change = {"$set": {"webhook.due_at": past, "webhook.deliveries.0.due_at": past}}
        assert self.catalog._videos.update_one({"_id": ObjectId(video_id)}, change).matched_count

    @property
    def ids(self) -> list[str]:
        return [webhook_id for webhook_id, _ in self.receiver.got]


@pytest.fixture
def world(mongodb_uri: str) -> Iterator[World]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}", webhooks_on=True)
    with (
        closing(MongoCatalog(settings, pool_size=4, timeout_ms=10_000)) as catalog,
        receiver() as server,
    ):
        catalog.ensure_schema()
        yield World(catalog, server, FakeWebhookQueue())
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)


def test_a_result_is_delivered_once(world: World) -> None:
    video_id = world.finish_video()
    assert world.run() == DeliveryReport(delivered=1)
    assert world.run() == DeliveryReport()
    ((webhook_id, event),) = world.receiver.got
    assert (event["type"], event["data"]["id"]) == ("video.done", video_id)
    webhook = world.webhook(video_id)
    assert (webhook.id, webhook.last_status) == (webhook_id, 204)


def elsewhere(handler: Handler) -> None:
    status(302, Location="http://169.254.169.254/latest/meta-data")(handler)


@pytest.mark.parametrize(
    ("answer", "last_status"),
    [(status(500), 500), (elsewhere, 302), (hang, None), (close, None)],
)
def test_a_failing_receiver_gets_retries_until_it_accepts(
    world: World, answer: Answer, last_status: int | None
) -> None:
    video_id = world.finish_video()
    world.receiver.answer = answer
    for attempt in (1, 2):
        assert world.run() == DeliveryReport(not_delivered=1)
        webhook = world.webhook(video_id)
        assert (webhook.attempts, webhook.last_status) == (attempt, last_status)
        world.becomes_due(video_id)
    world.receiver.answer = status(204)
    assert world.run() == DeliveryReport(delivered=1)
    assert len(world.ids) == 3
    assert len(set(world.ids)) == 1


def test_a_webhook_is_given_up_after_the_last_attempt(world: World) -> None:
    video_id = world.finish_video()
    world.receiver.answer = status(503)
    for _ in range(len(WEBHOOK_DELAYS) + 3):
        world.run()
        if world.webhook(video_id).due_at:
            world.becomes_due(video_id)
    assert len(world.ids) == len(WEBHOOK_DELAYS) + 1
    webhook = world.webhook(video_id)
    assert (webhook.due_at, webhook.delivered_at, webhook.last_status) == (None, None, 503)


@pytest.mark.parametrize("step", ["begun", "answered"])
def test_a_crash_around_an_attempt_repeats_it_with_the_same_id(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crash in the first or the second of the two writes around an attempt."""
    video_id, saves = world.finish_video(), 0
    save = MongoCatalog.save

    def crash(catalog: MongoCatalog, seen: Video, new: Video) -> Video | None:
        nonlocal saves
        saves += 1
        if saves == (1 if step == "begun" else 2):
            raise KeyboardInterrupt
        return save(catalog, seen, new)

    with monkeypatch.context() as patch:
        patch.setattr(MongoCatalog, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            world.run()
    if step == "answered":
        assert world.run() == DeliveryReport(), "the attempt may still be running"
        world.becomes_due(video_id)
    assert world.run() == DeliveryReport(delivered=1)
    assert len(world.ids) == (1 if step == "begun" else 2)
    assert set(world.ids) == {world.webhook(video_id).id}


def test_messages_and_scheduled_runs_at_once_deliver_each_result_once(world: World) -> None:
    videos = [world.finish_video() for _ in range(20)]
    start = threading.Barrier(4)

    def worker(number: int) -> None:
        start.wait()
        if number % 2:
            world.run()
        else:
            for video_id in videos:
                world.deliver(video_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    assert sorted(event["data"]["id"] for _, event in world.receiver.got) == sorted(videos)


def retry(world: World, video_id: str) -> None:
    moves.retry(world.catalog, video_id, now=datetime.now(UTC))


def upload_again(world: World, video_id: str) -> None:
    upload = uploaded(video_id, etag="B", sequencer="B")
    moves.claim(world.catalog, upload, LEASE, now=NOW)


def delete(world: World, video_id: str) -> None:
    world.catalog.delete(video_id)


@pytest.mark.parametrize("moved", [retry, upload_again, delete])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_change_of_the_video_overtakes_its_webhook(
    world: World, moved: Callable[[World, str], None], when: str
) -> None:
    """A change before the attempt prevents it; a change during it discards its result."""
    video_id = new_video_id()
    world.catalog.add(video(video_id))
    moves.fail_stuck(world.catalog, video_id, now=NOW)
    if when == "before":
        moved(world, video_id)
    else:

        def overtaken(handler: Handler) -> None:
            moved(world, video_id)
            status(500)(handler)

        world.receiver.answer = overtaken
    world.deliver(video_id)
    world.run()
    assert len(world.ids) == (0 if when == "before" else 1)
    found = world.catalog.get(video_id)
    assert found is None if moved is delete else found and found.webhook is None


def test_every_result_has_its_own_webhook_id(world: World) -> None:
    video_id = world.finish_video()
    world.run()
    world.complete(video_id, sequencer="B")
    world.run()
    assert len(set(world.ids)) == 2
