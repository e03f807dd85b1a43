"""When and how often a webhook is attempted, and what the record keeps, with fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Signer

from functions.adapters.telemetry import current_trace, trace_context
from functions.core.lifecycle import restarts
from functions.core.lifecycle.deliveries import WEBHOOK_DELAYS
from functions.core.trace import new_trace, parse_trace
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Video, Webhook
from functions.webhooks.deliver import MARGIN_S, DeliveryReport, Webhooks
from tests.examples import ID, done_video, failed_video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.receiver import FakeReceiver
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.logs import logged
from tests.receivers import API, SECRET
from tests.webhook_targets import targets_of_settings

OLD_SECRET = SECRET.replace("A", "B")
ALL_ATTEMPTS = len(WEBHOOK_DELAYS) + 1


@dataclass
class World:
    records: FakeCatalog = field(default_factory=FakeCatalog)
    receiver: FakeReceiver = field(default_factory=FakeReceiver)
    queue: FakeWebhookQueue = field(default_factory=FakeWebhookQueue)

    def has(self, *videos: Video) -> None:
        for one in videos:
            self.records.videos[one.id] = one

    @property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.records, targets_of_settings(self.receiver), self.queue, API)

    def run(self, remaining_s: Callable[[], float] = lambda: 200.0) -> DeliveryReport:
        return self.webhooks.run(remaining_s=remaining_s)

    def deliver(self, video_id: str = ID) -> None:
        self.webhooks.deliver(video_id)

    def webhook(self, video_id: str = ID) -> Webhook:
        found = self.records.videos[video_id].webhook
        assert found
        return found

    def becomes_due(self, video_id: str = ID) -> None:
        video = self.records.videos[video_id]
        past = datetime.now(UTC) - timedelta(seconds=1)
        webhook = self.webhook(video_id)
        deliveries = tuple(replace(one, due_at=past) for one in webhook.deliveries)
        self.has(replace(video, webhook=replace(webhook, due_at=past, deliveries=deliveries)))


def due(video: Video | None = None, *, number: int = 1, attempts: int = 0) -> Video:
    past = datetime.now(UTC) - timedelta(seconds=1)
    webhook = Webhook(id=f"msg_{number}", due_at=past, attempts=attempts)
    video = video or done_video(f"{ID[:-2]}{number:02}")
    return replace(video, webhook=webhook)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("video", [done_video(), failed_video()])
def test_the_library_verifies_a_delivery(world: World, video: Video) -> None:
    world.has(due(video))
    world.deliver()
    ((headers, body),) = world.receiver.got
    verified = Signer(SECRET).verify(body, dict(headers))
    assert (verified["type"], verified["data"]["id"]) == (f"video.{video.status}", ID)
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"


def test_a_delivery_continues_the_trace_of_the_announcement(world: World) -> None:
    announced = new_trace()
    world.has(due(replace(done_video(), traceparent=announced.header)))
    with logged() as lines:
        world.run()
    ((headers, _),) = world.receiver.got
    sent = parse_trace(headers["traceparent"])
    assert sent
    assert sent.id == announced.id
    assert sent.span != announced.span
    assert [line["trace_id"] for line in lines] == [announced.id]


def test_a_delivery_for_a_record_without_a_trace_is_part_of_the_run(world: World) -> None:
    world.has(due(done_video()))
    with trace_context(new_trace()):
        world.run()
        current = current_trace()
    ((headers, _),) = world.receiver.got
    assert current
    assert headers["traceparent"].startswith(f"00-{current.id}-")


@pytest.mark.parametrize("status", [200, 204, 299])
def test_an_accepted_webhook_is_recorded_and_never_sent_again(world: World, status: int) -> None:
    world.receiver.answer = status
    world.has(due(done_video()))
    assert world.run() == DeliveryReport(delivered=1)
    webhook = world.webhook()
    assert (webhook.attempts, webhook.last_status, webhook.due_at) == (1, status, None)
    assert webhook.delivered_at
    world.run()
    world.deliver()
    assert len(world.receiver.got) == 1


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_while_a_secret_is_replaced_either_verifies(world: World, secret: str) -> None:
    world.has(due())
    targets = targets_of_settings(world.receiver, SECRET, OLD_SECRET)
    Webhooks(world.records, targets, world.queue, API).deliver(due().id)
    ((headers, body),) = world.receiver.got
    assert Signer(secret).verify(body, dict(headers))
    assert len(headers["webhook-signature"].split(" ")) == 2


def test_a_receiver_that_is_gone_gets_no_further_attempt(world: World) -> None:
    world.receiver.answer = 410
    world.has(due(done_video()))
    with logged() as lines:
        assert world.run() == DeliveryReport(not_delivered=1)
    webhook = world.webhook()
    assert (webhook.attempts, webhook.last_status) == (1, 410)
    assert (webhook.due_at, webhook.delivered_at) == (None, None)
    assert world.queue.enqueued == []
    assert [(line["message"], line["reason"]) for line in lines] == [
        ("webhook given up", "status 410")
    ]


@pytest.mark.parametrize(
    ("asked_s", "waited_s"), [(1, 5), (120, 120), (3600, 3600), (10**6, 24 * 3600)]
)
def test_a_receiver_may_postpone_the_next_attempt_by_a_day_at_most(
    world: World, asked_s: int, waited_s: int
) -> None:
    world.receiver.answer, world.receiver.retry_after = 503, timedelta(seconds=asked_s)
    world.has(due(done_video()))
    before = datetime.now(UTC)
    world.run()
    due_at = world.webhook().due_at
    assert due_at
    assert round((due_at - before).total_seconds()) == waited_s


@pytest.mark.parametrize("answer", [None, 199, 301, 307, 400, 429, 500, 503])
def test_any_other_response_is_retried_after_five_seconds(world: World, answer: int | None) -> None:
    world.receiver.answer = answer
    world.has(due(done_video()))
    before = datetime.now(UTC)
    assert world.run() == DeliveryReport(not_delivered=1)
    webhook = world.webhook()
    assert (webhook.attempts, webhook.last_status, webhook.delivered_at) == (1, answer, None)
    assert webhook.due_at
    assert webhook.due_at - before >= WEBHOOK_DELAYS[0]
    assert world.queue.enqueued == [(ID, 6)]
    world.run()
    world.deliver()
    assert len(world.receiver.got) == 1, "not before it is due"


def test_all_attempts_share_an_id_and_end_after_a_day(world: World) -> None:
    world.receiver.answer = 500
    world.has(due(done_video()))
    waits = []
    for _ in range(ALL_ATTEMPTS):
        before = datetime.now(UTC)
        world.run()
        due_at = world.webhook().due_at
        if due_at:
            waits.append(round((due_at - before).total_seconds()))
            world.becomes_due()
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 21600]
    assert timedelta(hours=23) < timedelta(seconds=sum(waits)) <= timedelta(hours=24)
    assert world.receiver.ids == ["msg_1"] * ALL_ATTEMPTS
    webhook = world.webhook()
    assert (webhook.attempts, webhook.due_at, webhook.delivered_at) == (ALL_ATTEMPTS, None, None)
    assert [delay for _, delay in world.queue.enqueued] == [6, 301], (
        "scheduled runs make the later ones"
    )
    bodies = {body for _, body in world.receiver.got}
    assert len(bodies) == 1


def test_a_killed_attempt_is_repeated_later(world: World) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    world.receiver.meanwhile = killed
    world.has(due(done_video()))
    with pytest.raises(KeyboardInterrupt):
        world.run()
    webhook = world.webhook()
    assert webhook.attempts == 1
    assert webhook.due_at
    assert webhook.due_at > datetime.now(UTC), "no other run repeats it meanwhile"
    world.receiver.meanwhile = lambda: None
    world.becomes_due()
    world.run()
    assert world.receiver.ids == ["msg_1"] * 2
    assert world.webhook().delivered_at


def test_a_killed_last_attempt_is_not_repeated(world: World) -> None:
    world.has(due(done_video(), attempts=ALL_ATTEMPTS))
    assert world.run() == DeliveryReport()
    assert world.receiver.got == []
    assert world.webhook().due_at is None


def test_overlapping_runs_send_a_webhook_once(world: World) -> None:
    world.has(due(done_video()))
    world.receiver.meanwhile = world.deliver
    world.run()
    assert len(world.receiver.got) == 1


def test_the_webhook_of_a_deleted_video_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = due(done_video())
    monkeypatch.setattr(FakeCatalog, "undelivered", lambda *_, **__: iter([found]))
    assert world.run() == DeliveryReport()
    world.deliver()
    assert world.receiver.got == []


def test_a_retry_during_a_delivery_is_not_overwritten(
    world: World,
) -> None:
    def retried() -> None:
        again = restarts.retry(world.records.videos[ID], now=datetime.now(UTC))
        assert isinstance(again, Video)
        world.has(again)

    world.has(due(failed_video()))
    world.receiver.meanwhile = retried
    world.run()
    assert world.records.videos[ID].webhook is None


def test_a_delivery_is_recorded_even_if_the_record_changed_meanwhile(
    world: World,
) -> None:
    """MongoDB rounds to milliseconds, so the saved and the loaded time differ."""

    def order_learned() -> None:
        seen = world.records.videos[ID]
        assert seen.webhook
        assert seen.webhook.due_at
        due_at = seen.webhook.due_at.replace(microsecond=0)
        world.has(
            replace(seen, version=seen.version + 1, webhook=replace(seen.webhook, due_at=due_at))
        )

    world.has(due(done_video()))
    world.receiver.meanwhile = order_learned
    assert world.run() == DeliveryReport(delivered=1)
    assert world.webhook().delivered_at
    assert world.webhook().due_at is None


def test_a_run_stops_after_three_consecutive_failures(world: World) -> None:
    world.receiver.answer = None
    world.has(*(due(number=number) for number in range(10, 20)))
    assert world.run() == DeliveryReport(not_delivered=3, finished=False)
    untouched = [
        video
        for video in world.records.videos.values()
        if video.webhook and video.webhook.attempts == 0
    ]
    assert len(untouched) == 7, "they lose none of their attempts"
    world.receiver.answer = 204
    assert world.run() == DeliveryReport(delivered=7)


def test_a_run_stops_in_time_and_reports_it(world: World) -> None:
    left = iter([MARGIN_S + 1, MARGIN_S - 1])
    world.has(due(number=1), due(number=2))
    report = world.run(remaining_s=lambda: next(left))
    assert report == DeliveryReport(delivered=1, finished=False)


def test_an_unavailable_queue_loses_no_webhook(world: World) -> None:
    world.queue.down = True
    world.receiver.answer = 500
    world.has(due(done_video()))
    world.run()
    world.becomes_due()
    world.receiver.answer = 204
    assert world.run() == DeliveryReport(delivered=1)


def test_an_unavailable_catalog_is_an_error(world: World) -> None:
    world.records.down = True
    with pytest.raises(CatalogUnavailable):
        world.run()
    with pytest.raises(CatalogUnavailable):
        world.deliver()


def test_filenames_passthroughs_and_signatures_are_not_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.has(
        due(
            replace(
                done_video(), filename="holiday-of-jane.mp4", passthrough="order-1042", owner="anna"
            )
        )
    )
    world.run()
    (record,) = caplog.records
    assert record.message == "webhook delivered"
    assert vars(record)["owner"] == "anna"
    for secret in ("jane", "order-1042", "v1,", SECRET):
        assert secret not in str(vars(record))
