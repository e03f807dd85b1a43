"""The runbooks of a pause, a restore and an outage, as in docs/operations.md: they lose nothing.

MongoDB's protocol and all functions are real; Lambda's asynchronous invocations are emulated by
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import ConnectionFailure

from clipo.cli.failure_queue import redrive
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.documents import Document
from functions.api.create_video import create_video
from functions.api.delete_video import delete_video
from functions.api.process_again import retry_video
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.access import OPEN_CALLER
from functions.core.keys import source_key
from functions.core.s3_event import created_event, pad_sequencer, records, uploaded_object
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable, Unavailable
from functions.core.video import Source, Status, UploadedObject
from functions.processing.process_video import NotNow, VideoProcessor
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.orphans import OrphanReport, OrphanSearch
from functions.upkeep.sweep import Sweep
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.failure_queue import FakeQueues
from tests.fakes.pictures import fake_pictures
from tests.fakes.stepped import EtagEngine, SteppedProcessing, SteppedSources, SteppedStorage
from tests.logs import logged

BUCKET = "clipo-uploads"
ATTEMPTS = 3


class StoppableCatalog(MongoCatalog):
    """A catalog whose server can be paused."""

    paused = False

    @property
    def _database(self) -> Database[Document]:
        if self.paused:
            raise ConnectionFailure
        return super()._database

    def snapshot(self) -> dict[str, list[Document]]:
        database = self._database
        return {name: list(database[name].find()) for name in database.list_collection_names()}

    def restore(self, snapshot: dict[str, list[Document]]) -> None:
        for name in self._database.list_collection_names():
            self._database[name].delete_many({})
        for name, documents in snapshot.items():
            if documents:
                self._database[name].insert_many(documents)


@dataclass
class Deployment(FakeQueues):
    """A stack, whose Lambda invokes processing or fills the failure queue."""

    catalog: StoppableCatalog = field(kw_only=True)
    objects: SteppedStorage = field(default_factory=SteppedStorage)
    sent: SteppedProcessing = field(default_factory=SteppedProcessing)
    # In the future, so that the server removes nothing that expires.
    now: datetime = datetime(2100, 1, 2, 12, tzinfo=UTC)
    writes: int = 0

    def __post_init__(self) -> None:
        self.processor = VideoProcessor(
            catalog=self.catalog,
            storage=self.objects,
            sources=SteppedSources(self.objects),
            engine=EtagEngine(),
            max_bytes=1000,
            now=self.clock,
        )
        backend = Backend(
            ApiSettings.read(OPEN),
            self.catalog,
            self.objects,
            self.sent,
            FakeApiKeys(),
            fake_pictures(),
            now=self.clock,
        )
        self.services = backend.services_for(OPEN_CALLER)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def pause(self) -> None:
        self.concurrency = 0

    def resume(self) -> None:
        self.concurrency = None
        redrive(self, "clipo", limit=None, progress=lambda *_: None)
        assert self.bodies == {}

    def announce(self) -> str:
        created, _ = create_video(
            self.services,
            filename="clip.mp4",
            size=len("good ") + 24,
            content_type=None,
            passthrough=None,
            idempotency_key=None,
        )
        return created.id

    def upload(self, video_id: str) -> None:
        """Store a file. S3 sends its event."""
        key, content = source_key(video_id), f"good {video_id}".encode()
        self.objects.write(key, content)
        self.writes += 1
        source = Source(
            self.objects.writes[key][-1], len(content), pad_sequencer(f"{self.writes:016X}")
        )
        self.deliver(created_event(UploadedObject(video_id, key, source), bucket=BUCKET))

    def announce_and_upload(self, count: int = 3) -> list[str]:
        ids = [self.announce() for _ in range(count)]
        for video_id in ids:
            self.upload(video_id)
        return ids

    def invoke(self, **asked: str) -> None:
        super().invoke(**asked)
        self.deliver(json.loads(asked["Payload"]))

    def deliver(self, event: Any) -> None:
        """Invoke processing up to three times, and not at all with reserved concurrency 0."""
        if self.concurrency == 0:
            self._give_up(event, "ZeroReservedConcurrency")
        elif not any(self._process(event) for _ in range(ATTEMPTS)):
            self._give_up(event, "RetriesExhausted")

    def _process(self, event: Any) -> bool:
        try:
            for record in records(event):
                upload = uploaded_object(record, bucket=BUCKET)
                assert upload
                self.processor.process(upload, remaining_s=lambda: 120)
        except (NotNow, Unavailable):
            self.now += timedelta(minutes=3)
            return False
        return True

    def _give_up(self, event: Any, condition: str) -> None:
        record = {
            "timestamp": self.clock().isoformat(),
            "requestContext": {"condition": condition},
            "requestPayload": event,
        }
        self.bodies[f"failed-{ObjectId()}"] = json.dumps(record)

    def read_failure_queue(self) -> None:
        """Settle the messages of the failure queue, as its event source has upkeep do."""
        failed_events = FailedEvents(self.catalog, self.objects, BUCKET, self.clock)
        for message, body in list(self.bodies.items()):
            try:
                failed_events.settle(body)
            except Unavailable:
                continue
            del self.bodies[message]

    def sweep(self, *, hours: float) -> None:
        """Let time pass, in which upkeep runs twice an hour."""
        for _ in range(round(hours * 2)):
            self.now += timedelta(minutes=30)
            Sweep(self.catalog, self.objects, self.sent, self.clock).run(remaining_s=lambda: 240)
            self.deliver_sent()

    def deliver_sent(self) -> None:
        """Deliver the events that upkeep or a client's retry has sent."""
        while self.sent.started:
            self.deliver(created_event(self.sent.started.pop(), bucket=BUCKET))

    def search(self) -> OrphanReport:
        self.objects.age(self.now - timedelta(days=2))
        search = OrphanSearch(self.catalog, self.objects, delete=True, now=self.clock)
        report = search.run_if_due(remaining_s=lambda: 240)
        assert report
        return report

    def statuses(self, ids: list[str]) -> list[Status | None]:
        found = [self.catalog.get(video_id) for video_id in ids]
        return [video.status if video else None for video in found]

    def stored(self, ids: list[str]) -> bool:
        return {source_key(video_id) for video_id in ids} <= self.objects.uploads.keys()


@pytest.fixture
def deployment(mongodb_uri: str) -> Iterator[Deployment]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    catalog = StoppableCatalog(settings, pool_size=2, timeout_ms=10_000)
    catalog.ensure_schema()
    yield Deployment(catalog=catalog)
    catalog.paused = False
    catalog._client.drop_database(settings.database)
    catalog.close()


def test_a_pause_loses_nothing(deployment: Deployment) -> None:
    before = deployment.announce_and_upload()
    announced = deployment.announce()
    deployment.pause()
    ids = [*deployment.announce_and_upload(12), announced]
    deployment.upload(announced)
    deleted = ids.pop(0)
    delete_video(deployment.services, deleted, purge=False)
    deployment.upload(deleted)
    assert deployment.statuses(ids) == [Status.PENDING] * 12
    deployment.now += timedelta(days=2)
    deployment.resume()
    assert deployment.statuses(before + ids) == [Status.DONE] * 15
    assert not deployment.stored([deleted])


def test_a_pause_loses_nothing_although_upkeep_runs_on(deployment: Deployment) -> None:
    """It fails videos after some hours. Their events start them, as no worker has claimed them."""
    deployment.pause()
    ids = deployment.announce_and_upload()
    deployment.sweep(hours=24)
    assert deployment.statuses(ids) == [Status.FAILED] * 3
    deployment.resume()
    assert deployment.statuses(ids) == [Status.DONE] * 3


def test_an_event_does_not_start_a_failed_video_that_a_worker_had_claimed(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first event is used up; a client's retry starts it."""

    def down(*_: object) -> bytes:
        raise CatalogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(SteppedStorage, "read", down)
        ids = deployment.announce_and_upload(1)
    (message,) = deployment.bodies.values()
    deployment.read_failure_queue()
    deployment.bodies["again"] = message
    deployment.resume()
    assert deployment.statuses(ids) == [Status.FAILED]
    retry_video(deployment.services, ids[0])
    deployment.deliver_sent()
    assert deployment.statuses(ids) == [Status.DONE]


def test_a_restore_loses_no_object(deployment: Deployment) -> None:
    kept = deployment.announce_and_upload()
    deleted, announced = deployment.announce_and_upload(1)[0], deployment.announce()
    snapshot = deployment.catalog.snapshot()
    lost = deployment.announce_and_upload()
    deployment.upload(announced)
    delete_video(deployment.services, deleted, purge=False)
    deployment.pause()
    lost += deployment.announce_and_upload()

    deployment.catalog.restore(snapshot)
    with logged() as lines:
        deployment.resume()
    unknown = {one["video_id"] for one in lines if one["message"] == "object without a record"}
    assert unknown == set(lost[3:]), "their events came after the restore"
    deployment.sweep(hours=2)
    assert deployment.statuses([*kept, announced]) == [Status.DONE] * 4
    assert deployment.statuses([deleted, *lost]) == [Status.DONE, *[None] * 6]
    for video_id in lost:
        delete_video(deployment.services, video_id, purge=True)

    with logged() as lines:
        report = deployment.search()
    found = {key for one in lines for key in one.get("keys", [])}
    assert {source_key(video_id) for video_id in lost} <= found
    assert report.deleted == 0
    deployment.now += timedelta(days=6)
    assert deployment.search().deleted == 0
    assert deployment.stored([*kept, announced, *lost])


def test_a_second_restore_starts_the_grace_anew(deployment: Deployment) -> None:
    snapshot = deployment.catalog.snapshot()
    lost = deployment.announce_and_upload()
    deployment.catalog.restore(snapshot)
    assert deployment.search().deleted == 0
    deployment.now += timedelta(days=6)
    deployment.catalog.restore(snapshot)
    assert deployment.search().deleted == 0
    deployment.now += timedelta(days=6)
    assert deployment.search().deleted == 0
    assert deployment.stored(lost)
    deployment.now += timedelta(days=2)
    assert deployment.search().deleted == 6


@pytest.mark.parametrize("redriven", [True, False])
def test_a_database_that_is_away_for_hours_loses_nothing(
    deployment: Deployment, *, redriven: bool
) -> None:
    """The events of files that arrive meanwhile fail, and wait on the failure queue."""
    ids = [deployment.announce() for _ in range(3)]
    deployment.catalog.paused = True
    for video_id in ids:
        deployment.upload(video_id)
    with pytest.raises(CatalogUnavailable):
        deployment.announce()
    with pytest.raises(CatalogUnavailable):
        delete_video(deployment.services, ids[0], purge=False)
    deployment.read_failure_queue()
    assert len(deployment.bodies) == 3
    assert deployment.stored(ids)

    deployment.catalog.paused = False
    if redriven:
        deployment.resume()
    else:
        deployment.read_failure_queue()
        assert deployment.statuses(ids) == [Status.FAILED] * 3
        for video_id in ids:
            retry_video(deployment.services, video_id)
        deployment.deliver_sent()
    assert deployment.statuses(ids) == [Status.DONE] * 3
