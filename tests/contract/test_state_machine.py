"""Statuses can be trusted whatever happens: Hypothesis tries what can, in every order.

The real catalog on a server that speaks MongoDB's protocol, the real processing, upkeep, retry and
delete. Object storage is in memory, and a file is its ETag's picture, so that it is seen whose
thumbnail a video has. Everything runs one request at a time, overlaps with everything else, and
fails or dies between any two of them.

CLIPO_EXAMPLES=10 tries ten times as much.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import md5
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.documents import Document
from functions.api.create_video import create_video
from functions.api.delete_video import delete_video
from functions.api.problems import Problem
from functions.api.process_again import reprocess_video, retry_video
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.access import OPEN_CALLER
from functions.core.failures import FailureCode
from functions.core.keys import source_key
from functions.core.lifecycle.attempts import MAX_REPLACEMENTS
from functions.core.s3_event import created_event, pad_sequencer
from functions.core.settings import CatalogSettings
from functions.core.unavailable import Unavailable
from functions.core.video import Source, Status, UploadedObject
from functions.processing.process_video import NotNow, VideoProcessor
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.orphans import OrphanSearch
from functions.upkeep.sweep import Sweep
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.pictures import fake_pictures
from tests.fakes.stepped import (
    EtagEngine,
    SteppedCatalog,
    SteppedProcessing,
    SteppedSources,
    SteppedStorage,
)
from tests.stepping import Actor, Crash, Fault

STEPS = 40
VIDEOS = 2
JOBS = 4
DELIVERIES = 2
"""One less than Lambda's, so that more events fail for good."""
BUCKET = "clipo-uploads"
CONTENTS = [b"good a", b"good b", b"good c", b"bad   ", b"of another size"]
SIZE = len(CONTENTS[0])
"""The announced size of every video."""
FAULTS = [*[Fault.NONE] * 8, *Fault]
"""Most works: what is held up half-way is then overtaken by something else."""
JUMPS = [-30, 1, 61, 125, 160, 901, 1900]
"""Seconds: past a retry, a lease, an upload's window, and a little back."""


@dataclass(eq=False)
class Event:
    """One message on its way to processing."""

    upload: UploadedObject
    write: int
    """The number of the write that it tells of."""
    deliveries: int = 0


@dataclass(eq=False)
class Job:
    """Something that runs, one request at a time."""

    actor: Actor
    kind: str
    video_id: str = ""
    event: Event | None = None
    message: str = ""


@dataclass
class World:
    """The functions, what they work on, and what is known of it."""

    catalog: SteppedCatalog
    # In the future, so that the server itself removes no expired record: the test does.
    now: datetime = datetime(2100, 1, 2, 12, tzinfo=UTC)
    objects: SteppedStorage = field(default_factory=SteppedStorage)
    processing: SteppedProcessing = field(default_factory=SteppedProcessing)

    def __post_init__(self) -> None:
        def clock() -> datetime:
            # It never stands still: no two changes are of the same millisecond.
            self.now += timedelta(milliseconds=1)
            return self.now

        self.processor = VideoProcessor(
            catalog=self.catalog,
            storage=self.objects,
            sources=SteppedSources(self.objects),
            engine=EtagEngine(),
            max_bytes=1000,
            now=clock,
        )
        self.sweep = Sweep(self.catalog, self.objects, self.processing, clock)
        self.failed_events = FailedEvents(self.catalog, self.objects, BUCKET, clock)
        self.orphan_search = OrphanSearch(self.catalog, self.objects, delete=True, now=clock)
        backend = Backend(
            ApiSettings.read(OPEN),
            self.catalog,
            self.objects,
            self.processing,
            FakeApiKeys(),
            fake_pictures(),
            now=clock,
        )
        self.services = backend.services_for(OPEN_CALLER)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Videos(RuleBasedStateMachine):
    """What may happen, and what must be true after each of it."""

    catalog: SteppedCatalog

    def __init__(self) -> None:
        super().__init__()
        self.catalog.forget_all()
        self.world = World(self.catalog)
        self.ids: list[str] = []
        self.events: list[Event] = []
        self.told: list[Event] = []
        """All that S3 ever said, for duplicates."""
        self.failures: list[str] = []
        self.jobs: list[Job] = []
        self.late: list[Job] = []
        """Whose calls have effects that are still to come."""
        self.seen: dict[str, Document] = {}
        self.finished_by: dict[str, int] = {}
        """The number of the write that a finished video was finished for."""
        self.used_tokens: set[str] = set()
        self.half_deleted: set[str] = set()
        self.deleted: set[str] = set()
        self.lost: set[str] = set()
        """Videos whose record went without a delete, as by the restore of a database."""
        self.lost_thumbnails: set[str] = set()
        self.untold: set[str] = set()
        """Videos of which an upload was made and no event sent."""
        self.indistinct: set[str] = set()
        """Keys whose last write no event tells from one of the same bytes before it."""

    # What may happen. Two rules with choices, and not a rule for each choice: Hypothesis leaves
    # out some rules of each example, and without either of these there is little to see.

    @initialize()
    def begin(self) -> None:
        self.create()

    @rule(data=st.data())
    def people_or_storage_do_something(self, data: st.DataObject) -> None:
        choices: list[Callable[[st.DataObject], None]]
        choices = [*[self.upload] * 8, self.delete]
        if self.seen.keys() - self.half_deleted:
            choices += [self.lose]
        if len(self.ids) < VIDEOS:
            choices += [self.create] * 2
        if self.told:
            choices += [self.repeat_an_event] * 4
        if self._in(Status.FAILED):
            choices += [self.retry] * 6
        if self._in(Status.DONE):
            choices += [self.reprocess] * 2
        data.draw(st.sampled_from(choices))(data)

    @rule(data=st.data(), steps=st.integers(0, 6), fault=st.sampled_from(FAULTS))
    def a_function_makes_requests(self, data: st.DataObject, steps: int, fault: Fault) -> None:
        """Of one that runs already or begins; the last of these requests may fail."""
        choices: list[Callable[[], Job]] = [partial(_same, job) for job in self.jobs]
        if len(self.jobs) < JOBS:
            choices += [partial(self.deliver, event) for event in self.events[:4]]
            choices += [self._sweep] + [self._settle] * len(self.failures)
        self.run(data.draw(st.sampled_from(choices))(), steps, fault)

    def run(self, job: Job, steps: int, fault: Fault = Fault.NONE) -> None:
        for one in [Fault.NONE] * steps + [fault]:
            if not job.actor.ended:
                self._step(job, one)

    @rule(seconds=st.sampled_from(JUMPS))
    def clock_jumps(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def effect_comes_late(self, data: st.DataObject) -> None:
        self._effect(data.draw(st.sampled_from(self.late)))

    # What people and storage do

    def create(self, _: object = None) -> None:
        created, _form = create_video(
            self.world.services,
            filename="clip.mp4",
            size=SIZE,
            content_type=None,
            passthrough=None,
            idempotency_key=None,
        )
        self.ids.append(created.id)
        self.seen = self.catalog.all()

    def upload(self, data: st.DataObject) -> None:
        """Upload or overwrite, also after a delete and after the form's end: forms are signed anew.

        Of some uploads no event comes, and some stores write no sequencers.
        """
        self.write(
            data.draw(st.sampled_from(self.ids)),
            data.draw(st.sampled_from(CONTENTS)),
            ordered=data.draw(st.sampled_from([True, True, False])),
            told=data.draw(st.sampled_from([True, True, True, False])),
        )

    def write(
        self, video_id: str, content: bytes, *, ordered: bool = True, told: bool = True
    ) -> None:
        objects, key = self.world.objects, source_key(video_id)
        number = objects.write(key, content)
        sequencer = pad_sequencer(f"{number:016X}") if ordered else ""
        source = Source(objects.writes[key][-1], len(content), sequencer)
        event = Event(UploadedObject(video_id, key, source), number)
        self.told.append(event)
        if told:
            self.events.append(replace(event))
        else:
            self.untold.add(video_id)
        if told and ordered:
            self.indistinct.discard(key)
        else:
            self.indistinct.add(key)

    def repeat_an_event(self, data: st.DataObject) -> None:
        self.events.append(replace(data.draw(st.sampled_from(self.told))))

    def retry(self, data: st.DataObject) -> None:
        video_id = data.draw(st.sampled_from(self._in(Status.FAILED)))
        self._start("retry", lambda: retry_video(self.world.services, video_id))

    def reprocess(self, data: st.DataObject) -> None:
        video_id = data.draw(st.sampled_from(self._in(Status.DONE)))
        self._start("reprocess", lambda: reprocess_video(self.world.services, video_id))

    def _in(self, status: Status) -> list[str]:
        return [v for v, found in self.seen.items() if found["status"] == status]

    def delete(self, data: st.DataObject) -> None:
        self._delete(data.draw(st.sampled_from(self.ids)))

    def _delete(self, video_id: str) -> Job:
        self.half_deleted.add(video_id)
        work = partial(delete_video, self.world.services, video_id, purge=False)
        return self._start("delete", work, video_id=video_id)

    def lose(self, data: st.DataObject) -> None:
        video_id = data.draw(st.sampled_from(sorted(self.seen.keys() - self.half_deleted)))
        self.catalog.lose(video_id)
        self.lost.add(video_id)
        record = self.seen.pop(video_id)
        if "media" in record:
            self.lost_thumbnails.add(record["thumbnail"]["key"])

    # What the functions do

    def deliver(self, event: Event) -> Job:
        self.events.remove(event)
        work = partial(self.world.processor.process, event.upload, remaining_s=lambda: 120)
        return self._start("process", work, event=event)

    def _sweep(self) -> Job:
        return self._start("sweep", partial(self.world.sweep.run, remaining_s=lambda: 240))

    def _settle(self) -> Job:
        message = self.failures.pop(0)
        work = partial(self.world.failed_events.settle, message)
        return self._start("settle", work, message=message)

    # How that is carried out

    def _start(self, kind: str, work: Callable[[], object], **about: Any) -> Job:
        job = Job(Actor(kind, work), kind, **about)
        self.jobs.append(job)
        self._ended(job)
        return job

    def _finish(self, job: Job) -> None:
        while not job.actor.ended:
            self._step(job, Fault.NONE)

    def _effect(self, job: Job) -> None:
        job.actor.late.pop(0)()
        if not job.actor.late:
            self.late.remove(job)
        self._look(job)

    def _step(self, job: Job, fault: Fault) -> None:
        waiting = len(job.actor.late)
        job.actor.step(fault)
        if job.actor.late and not waiting:
            self.late.append(job)
        self._look(job)
        while self.world.processing.started:
            upload = self.world.processing.started.pop()
            write = self.world.objects.number_of(upload.key, upload.source.etag)
            self.events.append(Event(upload, write))
        self._ended(job)

    def _ended(self, job: Job) -> None:
        if not job.actor.ended:
            return
        self.jobs.remove(job)
        error = job.actor.error
        expected = (Crash, Unavailable, NotNow, Problem)
        if error and not isinstance(error, expected):
            raise AssertionError(f"{job.kind} is not to fail like this") from error
        if job.kind == "delete" and not error and job.video_id not in self.lost:
            self.deleted.add(job.video_id)
        if error and job.event:
            self._deliver_again(job.event)
        if error and job.message:
            self.failures.append(job.message)

    def _deliver_again(self, event: Event) -> None:
        event.deliveries += 1
        if event.deliveries < DELIVERIES:
            self.events.append(event)
            return
        record = {
            "timestamp": self.world.now.isoformat(),
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": created_event(event.upload, bucket=BUCKET),
        }
        self.failures.append(json.dumps(record))

    # What must be true

    def _look(self, job: Job) -> None:
        """See what a step has changed, and whether it was allowed to."""
        if not self.catalog.written:
            return
        self.catalog.written = False
        found = self.catalog.all()
        for video_id, before in self.seen.items():
            after = found.get(video_id)
            if after is None:
                assert job.kind == "delete", f"{job.kind} has removed a record"
            elif after != before:
                self._check_move(job, video_id, before, after)
        self.seen = found
        self.a_result_has_the_thumbnail_of_what_was_processed()

    def _check_move(self, job: Job, video_id: str, before: Document, after: Document) -> None:
        shown = ("status", "thumbnail", "media", "error")
        if Status(before["status"]).finished and any(
            before.get(name) != after.get(name) for name in shown
        ):
            self._check_moves_again(job, video_id, before, after)
        if before["status"] != after["status"] and Status(after["status"]).finished:
            if job.kind == "process":
                token = before["lease"]["token"]
                assert token not in self.used_tokens, "one claim is completed once"
                self.used_tokens.add(token)
            etag = after["source"].get("etag")
            self.finished_by[video_id] = (
                self.world.objects.number_of(source_key(video_id), etag) if etag else 0
            )

    def _check_moves_again(
        self, job: Job, video_id: str, before: Document, after: Document
    ) -> None:
        if job.kind == "retry":
            assert (before["status"], after["status"]) == (Status.FAILED, Status.PENDING)
            return
        if job.kind == "reprocess":
            assert (before["status"], after["status"]) == (Status.DONE, Status.PENDING)
            assert (before["media"], before["thumbnail"]) == (after["media"], after["thumbnail"])
            return
        assert job.event, f"{job.kind} has moved a finished video"
        assert after["status"] == Status.PROCESSING
        # The event of S3 itself may come after the one that stood in for it (ADR 15).
        again = before["status"] == Status.FAILED
        newest = self.world.objects.number_of(job.event.upload.key, job.event.upload.source.etag)
        assert newest + again > self.finished_by[video_id], "not a newer upload"

    @invariant()
    def a_result_has_the_thumbnail_of_what_was_processed(self) -> None:
        for video in self.seen.values():
            assert "media" in video or video["status"] != Status.DONE
            if "media" in video:
                picture = self.world.objects.thumbnails.get(video["thumbnail"]["key"])
                assert picture == video["source"]["etag"].encode()

    @invariant()
    def only_an_announcement_without_an_upload_is_to_be_removed(self) -> None:
        for video in self.seen.values():
            if "remove_at" in video:
                assert (video["status"], video["error"]["code"]) == ("failed", "upload_expired")
                assert "etag" not in video["source"]
                assert "media" not in video

    def teardown(self) -> None:
        try:
            self._quiet_down()
            self._check_quiet()
            self._quiet_down()
            self._check_removal()
        finally:
            for job in self.jobs:
                job.actor.kill()

    def _quiet_down(self) -> None:
        """Let all that was begun come to its end, and time pass without anything new."""
        for job in list(self.jobs):
            self._finish(job)
        while self.late:
            self._effect(self.late[0])
        for video_id in self.half_deleted - self.deleted - self.lost:
            # Whoever has got no answer asks again.
            self._finish(self._delete(video_id))
        for _ in range(15):
            self._deliver_all()
            if not self._unfinished():
                return
            self.world.pass_time(1900)
            self._finish(self._sweep())
        raise AssertionError(f"stuck: {self._unfinished()}")

    def _unfinished(self) -> list[Document]:
        return [v for v in self.seen.values() if not Status(v["status"]).finished]

    def _deliver_all(self) -> None:
        while self.events or self.failures:
            if self.events:
                self._finish(self.deliver(self.events[0]))
                self.world.pass_time(60)
            else:
                self._finish(self._settle())

    def _check_quiet(self) -> None:
        for video_id, video in self.seen.items():
            assert video["replacements"] <= MAX_REPLACEMENTS
            # The same wrong file again, without an event of its own, stays until a delete.
            is_distinct = source_key(video_id) not in self.indistinct
            if is_distinct and video.get("error", {}).get("code") == FailureCode.SIZE_MISMATCH:
                stored = self.world.objects.uploads.get(source_key(video_id))
                assert not stored or md5(stored).hexdigest() != video["source"]["etag"]
        assert not self.deleted & set(self.seen)
        assert not self._left_of(self.deleted - self.untold)
        self._check_lost()
        # What arrives for a deleted video without a word is found a day later, and kept for a week.
        self.world.objects.age(self.world.now - timedelta(days=2))
        self._search()
        self._check_lost()
        self.world.pass_time(timedelta(days=7).total_seconds())
        self._search()
        assert not self._left_of(self.deleted | self.lost)

    def _check_lost(self) -> None:
        """Objects stay although their record is missing.

        But a worker that has claimed it before still removes a file of the wrong size.
        """
        objects, wrong = self.world.objects, md5(b"of another size").hexdigest()
        keys = objects.writes.keys() & set(map(source_key, self.lost))
        uploads = {key for key in keys if objects.writes[key][-1] != wrong}
        assert uploads <= objects.uploads.keys()
        assert self.lost_thumbnails <= objects.thumbnails.keys()

    def _search(self) -> None:
        assert self.world.orphan_search.run_if_due(remaining_s=lambda: 240)

    def _check_removal(self) -> None:
        """A week later MongoDB removes expired announcements, and no upload loses its record."""
        self.world.pass_time(timedelta(days=8).total_seconds())
        removed = self.catalog.remove_expired(self.world.now)
        assert not self._left_of(removed)
        assert all("etag" not in self.seen[video_id]["source"] for video_id in removed)

    def _left_of(self, video_ids: set[str]) -> list[str]:
        stored = [*self.world.objects.uploads, *self.world.objects.thumbnails]
        return [key for key in stored if any(video_id in key for video_id in video_ids)]


def _same(job: Job) -> Job:
    return job


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[SteppedCatalog]:
    names = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    made = SteppedCatalog(names, pool_size=4, timeout_ms=10_000)
    MongoCatalog.ensure_schema(made)
    yield made
    made.close()


@pytest.mark.parametrize("examples", [25, pytest.param(120, marks=pytest.mark.long)])
def test_no_order_of_events_breaks_a_promise(catalog: SteppedCatalog, examples: int) -> None:
    run_state_machine_as_test(
        type("VideosHere", (Videos,), {"catalog": catalog}),
        settings=settings(
            max_examples=examples * int(os.environ.get("CLIPO_EXAMPLES", "1")),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def videos(catalog: SteppedCatalog) -> Callable[[], Videos]:
    """Makes one video, of which nothing is uploaded yet."""

    def make() -> Videos:
        made: Videos = type("VideosHere", (Videos,), {"catalog": catalog})()
        made.create()
        return made

    return make


@pytest.mark.parametrize("content", [b"good a", b"bad   ", b"of another size"])
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
def test_a_worker_may_fail_at_any_step(
    videos: Callable[[], Videos], fault: Fault, content: bytes
) -> None:
    """And, for what it does then, fail once more."""
    for steps in range(7):
        for again in (0, 9):
            one = videos()
            one.write(one.ids[0], content)
            job = one.deliver(one.events[0])
            one.run(job, steps, fault)
            one.run(job, again, fault)
            one.teardown()


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("deleted", [True, False])
def test_a_worker_may_be_overtaken_at_any_step(
    videos: Callable[[], Videos], *, ordered: bool, deleted: bool
) -> None:
    """By a newer upload, whose worker is overtaken by the first one's rest, or by a delete."""
    for steps in range(8):
        for newer_steps in (0, 2, 4, 9):
            one = videos()
            one.write(one.ids[0], b"good a", ordered=ordered)
            first = one.deliver(one.events[0])
            one.run(first, steps)
            if deleted:
                one.run(one._delete(one.ids[0]), newer_steps)
            else:
                one.write(one.ids[0], b"good b", ordered=ordered)
                one.run(one.deliver(one.events[-1]), newer_steps)
            one.run(first, 10)
            one.teardown()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_finished_video_may_be_overwritten_twice(
    videos: Callable[[], Videos], *, ordered: bool
) -> None:
    """The worker of the first overwriting is overtaken at every step."""
    for steps in range(8):
        one = videos()
        one.write(one.ids[0], b"good a", ordered=ordered)
        one.run(one.deliver(one.events[0]), 10)
        one.write(one.ids[0], b"good b", ordered=ordered)
        second = one.deliver(one.events[0])
        one.run(second, steps)
        one.write(one.ids[0], b"good c", ordered=ordered)
        one.run(one.deliver(one.events[-1]), 10)
        one.run(second, 10)
        one.teardown()


def test_a_killed_worker_of_a_deleted_video_leaves_nothing(videos: Callable[[], Videos]) -> None:
    """Also where its event is given up, so that no other worker hears of it."""
    one = videos()
    one.write(one.ids[0], b"good a")
    for _ in range(DELIVERIES - 1):
        one.run(one.deliver(one.events[0]), 0, Fault.CRASH_BEFORE)
    last = one.deliver(one.events[0])
    one.run(last, 2)
    one.run(one._delete(one.ids[0]), 10)
    one.run(last, 0, Fault.CRASH_AFTER)
    one.teardown()
