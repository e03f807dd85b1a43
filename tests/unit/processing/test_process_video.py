"""The use case with fakes around it: which step follows which, whatever fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path

import pytest

from functions.adapters.storage import ObjectGone, SourceReplaced
from functions.adapters.telemetry import trace_context
from functions.core.failures import DAMAGED, NO_VIDEO_STREAM, TOO_LONG, BadMedia
from functions.core.keys import source_key, thumbnail_prefix
from functions.core.lifecycle import attempts, restarts
from functions.core.pictures import picture_version
from functions.core.quotas import Usage
from functions.core.s3_event import pad_sequencer
from functions.core.trace import Trace, new_trace
from functions.core.unavailable import CatalogUnavailable, StorageUnavailable
from functions.core.video import Lease, Status, UploadedObject, Video
from functions.media.engine import Engine, Inspection
from functions.media.reader.source import OpenSource, RangedSources
from functions.media.thumbnail import Frame
from functions.processing.process_video import EventOutcome, NotNow, VideoProcessor
from tests.examples import ID, done_video, media, uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.content import MemoryObject
from tests.fakes.storage import FakeStorage
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.logs import logged, measured

FRAME = Frame(jpeg=b"jpeg", width=320, height=180, at_s=3.0)


@dataclass
class FakeSources(RangedSources):
    error: Exception | None = None
    directories: list[Path] = field(default_factory=list)
    current_etag: str = "etag"

    def is_current(self, event: UploadedObject) -> bool:
        return event.source.etag == self.current_etag

    @contextmanager
    def open(
        self, event: UploadedObject, *, directory: Path, at_s: float | None = None
    ) -> Iterator[OpenSource]:
        assert at_s is None  # the moment of the thumbnail
        self.directories.append(directory)
        if self.error:
            raise self.error
        yield OpenSource(event.key, MemoryObject(bytes(1000), piece=250))


@dataclass
class FakeEngine(Engine):
    error: Exception | None = None
    meanwhile: Callable[[], None] = lambda: None
    limits: list[int | None] = field(default_factory=list)

    def inspect(
        self,
        source: OpenSource,
        *,
        directory: Path,
        remaining_s: Callable[[], float],
        max_duration_s: int | None = None,
    ) -> Inspection:
        self.limits.append(max_duration_s)
        assert source.location
        for _ in range(2):
            source.read(0, 250)
        assert directory.is_dir()
        assert remaining_s() > 0
        self.meanwhile()
        if self.error:
            raise self.error
        return Inspection(media=media(), frame=FRAME)


@dataclass
class World:
    records: FakeCatalog = field(default_factory=lambda: FakeCatalog({ID: video()}))
    objects: FakeStorage = field(default_factory=FakeStorage)
    sources: FakeSources = field(default_factory=FakeSources)
    engine: FakeEngine = field(default_factory=FakeEngine)
    webhooks: FakeWebhookQueue | None = None
    max_duration_s: int | None = None

    def process(self, event: UploadedObject | None = None) -> EventOutcome:
        processor = VideoProcessor(
            catalog=self.records,
            storage=self.objects,
            sources=self.sources,
            engine=self.engine,
            max_bytes=10_000,
            max_duration_s=self.max_duration_s,
            webhooks=self.webhooks,
        )
        return processor.process(event or uploaded(), remaining_s=lambda: 100.0)

    @property
    def video(self) -> Video:
        return self.records.videos[ID]


@pytest.fixture
def world() -> World:
    return World()


class RepeatedWrites(FakeCatalog):
    """Saves each result twice and answers the second time, as a driver that lost an answer."""

    def save(self, seen: Video, new: Video) -> Video | None:
        if new.status.finished:
            super().save(seen, new)
        return super().save(seen, new)


def test_a_result_that_the_driver_saves_twice_keeps_its_thumbnail() -> None:
    world = World(records=RepeatedWrites({ID: video()}), webhooks=FakeWebhookQueue())
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.attempts == 1
    assert world.video.thumbnail
    assert world.objects.thumbnails == {world.video.thumbnail.key: b"jpeg"}


def test_a_good_upload_becomes_done_with_its_thumbnail(world: World) -> None:
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.status is Status.DONE
    assert world.video.media == media()
    assert world.video.thumbnail
    assert world.objects.thumbnails == {world.video.thumbnail.key: b"jpeg"}


def test_a_new_result_replaces_the_old_picture(world: World) -> None:
    world.process()
    old = world.video
    world.records.videos[ID] = reprocessed(old)
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.thumbnail
    assert old.thumbnail
    assert world.video.thumbnail.key != old.thumbnail.key
    assert list(world.objects.thumbnails) == [world.video.thumbnail.key]


def test_reprocessing_that_fails_keeps_the_old_picture(world: World) -> None:
    world.process()
    old = world.video
    world.records.videos[ID] = reprocessed(old)
    world.engine.error = BadMedia(DAMAGED)
    with logged() as lines:
        assert world.process() == EventOutcome(ID, "done")
    assert [line["code"] for line in lines if line["message"] == "reprocessing failed"] == [
        "corrupt"
    ]
    assert (world.video.status, world.video.thumbnail) == (Status.DONE, old.thumbnail)
    assert old.thumbnail
    assert list(world.objects.thumbnails) == [old.thumbnail.key]


def reprocessed(done: Video) -> Video:
    moved = restarts.reprocess(done, now=datetime.now(UTC))
    assert isinstance(moved, Video)
    return moved


def test_what_it_cost_is_recorded(world: World) -> None:
    world.process()
    cost = world.video.processing
    assert cost
    assert (cost.bytes_read, cost.requests) == (500, 2)
    assert cost.started_at <= cost.finished_at


def test_the_lease_outlives_the_worker(world: World) -> None:
    leases: list[Lease | None] = []
    world.engine.meanwhile = lambda: leases.append(world.video.lease)
    world.process()
    assert leases[0]
    assert leases[0].until - datetime.now(UTC) > timedelta(seconds=100 + 25)


def test_the_working_directory_is_gone_afterwards(world: World) -> None:
    world.process()
    world.engine.error = BadMedia(DAMAGED)
    world.records.videos[ID] = video()
    world.process()
    assert len(world.sources.directories) == 2
    assert not any(directory.exists() for directory in world.sources.directories)


def test_bad_media_fails_at_once_with_its_code(world: World) -> None:
    world.engine.error = BadMedia(NO_VIDEO_STREAM)
    assert world.process() == EventOutcome(ID, "failed")
    assert world.video.status is Status.FAILED
    assert world.video.error
    assert (world.video.error.code, world.video.error.retryable) == ("no_video_stream", False)


@pytest.mark.parametrize("error", [None, BadMedia(DAMAGED)])
def test_a_webhook_is_enqueued_when_a_video_is_finished(
    world: World, error: Exception | None
) -> None:
    world.webhooks = FakeWebhookQueue()
    world.engine.error = error
    world.process()
    world.process()
    assert world.webhooks.enqueued == [(ID, 0)]


def test_no_webhook_is_enqueued_before(world: World) -> None:
    world.webhooks = FakeWebhookQueue()
    world.engine.error = StorageUnavailable("S3: SlowDown")
    with pytest.raises(StorageUnavailable):
        world.process()
    assert world.webhooks.enqueued == []


def test_a_queue_that_does_not_answer_leaves_the_video_finished(world: World) -> None:
    world.webhooks = FakeWebhookQueue(down=True)
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.thumbnail
    assert world.objects.thumbnails == {world.video.thumbnail.key: b"jpeg"}


def test_an_oversize_upload_is_not_even_read(world: World) -> None:
    assert world.process(uploaded(size=10_001)) == EventOutcome(ID, "failed")
    assert world.video.error
    assert world.video.error.code == "too_large"
    assert world.sources.directories == []


FILE = b"an upload"


def stored(world: World, content: bytes = FILE, *, size: int | None = None) -> UploadedObject:
    """Store an upload and return its event, which may name another size."""
    world.objects.uploads[source_key(ID)] = content
    etag = md5(content).hexdigest()
    world.sources.current_etag = etag
    return uploaded(etag=etag, size=len(content) if size is None else size)


def announced(size: int) -> Video:
    return video(declared_size=size, upload=replace(video().upload, part_size=8 << 20))


def test_an_oversize_upload_is_removed(world: World) -> None:
    assert world.process(stored(world, size=10_001)) == EventOutcome(ID, "failed")
    assert world.objects.uploads == {}


def test_a_late_upload_counts_towards_the_quota_again(world: World) -> None:
    world.records.usage.counters["anna"] = Usage(3, 3000)
    world.records.videos[ID] = video(owner="anna", charged=False)
    world.process()
    assert world.records.usage.counters["anna"] == Usage(4, 4000)
    assert world.video.charged
    world.process()
    assert world.records.usage.counters["anna"] == Usage(4, 4000)


def test_a_removed_upload_gives_its_quota_back_once(world: World) -> None:
    world.records.usage.counters["anna"] = Usage(3, 3000)
    world.records.videos[ID] = video(owner="anna")
    world.engine.error = BadMedia(TOO_LONG, duration=31, limit=30)
    for _ in range(2):
        world.process(stored(world))
    assert world.records.usage.counters["anna"] == Usage(2, 2000)


@pytest.mark.parametrize(
    ("stack", "token", "limit"), [(None, None, None), (60, None, 60), (60, 90, 60), (60, 30, 30)]
)
def test_the_smaller_duration_limit_holds(
    world: World, stack: int | None, token: int | None, limit: int | None
) -> None:
    world.max_duration_s = stack
    world.records.videos[ID] = video(max_duration_s=token)
    world.process()
    assert world.engine.limits == [limit]


def test_an_upload_that_lasts_too_long_is_removed(world: World) -> None:
    world.engine.error = BadMedia(TOO_LONG, duration=31, limit=30)
    assert world.process(stored(world)) == EventOutcome(ID, "failed")
    assert world.video.error
    assert (world.video.error.code, world.video.error.retryable) == ("too_long", False)
    assert world.objects.uploads == {}


def test_a_limit_that_is_lowered_later_removes_no_processed_upload(world: World) -> None:
    world.process(event := stored(world))
    world.records.videos[ID] = reprocessed(world.video)
    world.engine.error = BadMedia(TOO_LONG, duration=31, limit=30)
    assert world.process(event) == EventOutcome(ID, "done")
    assert world.objects.uploads == {source_key(ID): FILE}


@pytest.mark.parametrize("size", [len(FILE) - 1, len(FILE) + 1])
def test_an_upload_of_another_size_than_announced_fails_and_is_removed(
    world: World, size: int
) -> None:
    world.records.videos[ID] = announced(size)
    assert world.process(stored(world)) == EventOutcome(ID, "failed")
    assert world.video.error
    assert (world.video.error.code, world.video.error.retryable) == ("size_mismatch", False)
    assert f"9 bytes, but {size} were announced" in world.video.error.message
    assert world.objects.uploads == {}
    assert world.sources.directories == [], "it is not even read"


def test_an_upload_that_replaced_the_wrong_one_stays(world: World) -> None:
    world.records.videos[ID] = announced(len(FILE))
    wrong = stored(world, b"too long for it")
    right = stored(world)
    assert world.process(wrong) == EventOutcome(ID, "failed")
    assert world.objects.uploads == {source_key(ID): FILE}
    newer = replace(right, source=replace(right.source, sequencer=pad_sequencer("FF")))
    assert world.process(newer) == EventOutcome(ID, "done")


def test_an_upload_that_cannot_be_removed_is_processed_again(world: World) -> None:
    world.records.videos[ID] = announced(5)
    world.objects.down = True
    with pytest.raises(StorageUnavailable):
        world.process(stored(world))
    assert world.video.status is Status.PROCESSING
    world.objects.down = False
    assert world.process(stored(world)) == EventOutcome(ID, "failed")
    assert world.objects.uploads == {}


def test_release_0_1_announced_no_exact_sizes(world: World) -> None:
    world.records.videos[ID] = video(declared_size=5)
    assert world.process(stored(world)) == EventOutcome(ID, "done")


def test_a_lower_limit_removes_no_video_that_is_done(world: World) -> None:
    event = stored(world)
    world.process(event)
    world.records.videos[ID] = reprocessed(world.video)
    assert world.process(replace(event, source=replace(event.source, size=10_001))) == EventOutcome(
        ID, "done"
    )
    assert world.objects.uploads == {source_key(ID): FILE}


@pytest.mark.parametrize("error", [None, BadMedia(DAMAGED)])
@pytest.mark.parametrize(("etag", "aborted"), [("etag", []), ("etag-3", [source_key(ID)])])
def test_the_other_uploads_in_parts_end_with_the_first_that_is_complete(
    world: World, error: Exception | None, etag: str, aborted: list[str]
) -> None:
    world.engine.error = error
    world.process(uploaded(etag=etag))
    assert world.objects.aborted == aborted


def test_uploads_that_cannot_be_aborted_leave_the_video_finished(world: World) -> None:
    def cut_off() -> None:
        world.objects.down = True

    world.engine.meanwhile, world.engine.error = cut_off, BadMedia(DAMAGED)
    with logged() as lines:
        assert world.process(uploaded(etag="etag-3")) == EventOutcome(ID, "failed")
    assert "uploads not aborted" in [line["message"] for line in lines]


def test_an_object_that_is_gone_fails_the_video(world: World) -> None:
    world.sources.error = ObjectGone("gone")
    world.process()
    assert world.video.error
    assert world.video.error.code == "source_gone"


def test_an_object_that_was_replaced_is_left_to_the_newer_event(world: World) -> None:
    world.sources.error = SourceReplaced("replaced")
    assert world.process() == EventOutcome(ID, "superseded")
    assert world.video.status is Status.PROCESSING
    assert lease_has_lapsed(world.video)


@pytest.mark.parametrize(
    "error", [StorageUnavailable("S3: down"), OSError("No space left"), RuntimeError("bug")]
)
def test_an_infrastructure_fault_lets_the_lease_lapse_and_the_event_come_again(
    world: World, error: Exception
) -> None:
    world.sources.error = error
    with pytest.raises(type(error)):
        world.process()
    assert world.video.status is Status.PROCESSING
    assert lease_has_lapsed(world.video)
    world.sources.error = None
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.attempts == 2


def test_the_first_error_is_raised_when_the_catalog_fails_too(world: World) -> None:
    def everything_fails() -> None:
        world.records.down = True
        raise StorageUnavailable("first")

    world.engine.meanwhile = everything_fails
    with pytest.raises(StorageUnavailable, match="first"):
        world.process()


def test_an_attempt_that_cannot_be_recorded_leaves_no_thumbnail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FakeCatalog.save

    def lost(records: FakeCatalog, seen: Video, new: Video) -> Video | None:
        if new.status is Status.DONE:
            raise CatalogUnavailable("MongoDB: NetworkTimeout")
        return save(records, seen, new)

    with monkeypatch.context() as patch:
        patch.setattr(FakeCatalog, "save", lost)
        with pytest.raises(CatalogUnavailable):
            world.process()
    assert world.objects.thumbnails == {}
    assert world.process() == EventOutcome(ID, "done")


def test_a_thumbnail_stays_when_it_may_have_been_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_answer(monkeypatch, Status.DONE)
    with pytest.raises(CatalogUnavailable):
        world.process()
    assert world.video.status is Status.DONE
    assert world.video.thumbnail
    assert list(world.objects.thumbnails) == [world.video.thumbnail.key]


def test_without_sequencers_an_event_of_a_replaced_object_changes_nothing(world: World) -> None:
    world.records.videos[ID] = before = done_video()
    world.sources.current_etag = "newer"
    assert world.process(uploaded(sequencer="")) == EventOutcome(ID, "superseded")
    assert world.video == before


def test_no_catalog_means_later(world: World) -> None:
    world.records.down = True
    with pytest.raises(CatalogUnavailable):
        world.process()


def test_the_file_of_a_deleted_video_is_removed(world: World) -> None:
    world.records.delete(ID)
    world.objects.uploads = {source_key(ID): b"late", source_key("0" * 24): b"other"}
    world.objects.thumbnails = {f"{thumbnail_prefix(ID)}token.jpg": b"of a killed worker"}
    assert world.process() == EventOutcome(ID, "unknown")
    assert world.objects.uploads == {source_key("0" * 24): b"other"}
    assert world.objects.thumbnails == {}


@pytest.mark.parametrize("purge", [False, True])
def test_the_file_of_a_purged_video_leaves_no_older_version(world: World, *, purge: bool) -> None:
    world.records.delete(ID, purge=purge)
    world.objects.uploads = {source_key(ID): b"late"}
    world.process()
    assert (source_key(ID) in world.objects.older) is not purge


def test_the_file_of_a_missing_record_stays(world: World) -> None:
    """A restore of the database may have lost the record."""
    world.records.videos.clear()
    world.objects.uploads = {source_key(ID): b"late"}
    with logged() as lines:
        assert world.process() == EventOutcome(ID, "unknown")
    assert world.objects.uploads == {source_key(ID): b"late"}
    (warning,) = [line for line in lines if line["level"] == "WARNING"]
    assert (warning["message"], warning["video_id"]) == ("object without a record", ID)


@pytest.mark.parametrize("error", [None, BadMedia(DAMAGED)])
def test_a_record_that_is_lost_after_the_claim_keeps_its_file(
    world: World, error: Exception | None
) -> None:
    world.engine.meanwhile, world.engine.error = world.records.videos.clear, error
    world.objects.uploads = {source_key(ID): b"file"}
    assert world.process() == EventOutcome(ID, "superseded")
    assert world.objects.uploads == {source_key(ID): b"file"}
    assert world.objects.thumbnails == {}, "no record shows the thumbnail of this attempt"


def test_an_event_comes_again_until_the_file_of_a_deleted_video_is_removed(world: World) -> None:
    world.records.delete(ID)
    world.objects.down = True
    with pytest.raises(StorageUnavailable):
        world.process()


def test_a_video_that_is_deleted_right_before_the_claim_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FakeCatalog.save

    def deleted_then_saved(records: FakeCatalog, seen: Video, new: Video) -> Video | None:
        records.delete(ID)
        return save(records, seen, new)

    monkeypatch.setattr(FakeCatalog, "save", deleted_then_saved)
    world.objects.uploads = {source_key(ID): b"late"}
    assert world.process() == EventOutcome(ID, "unknown")
    assert world.objects.uploads == {}


@pytest.mark.parametrize("error", [None, BadMedia(DAMAGED)])
def test_a_video_that_is_deleted_after_the_claim_leaves_nothing(
    world: World, error: Exception | None
) -> None:
    """Also where the delete ended with the record, before it removed the upload."""
    world.engine.meanwhile, world.engine.error = lambda: delete(world), error
    world.objects.uploads = {source_key(ID): b"late"}
    assert world.process() == EventOutcome(ID, "superseded")
    assert (world.objects.uploads, world.objects.thumbnails) == ({}, {})


@pytest.mark.parametrize("event", [uploaded(), uploaded(size=10_001)])
def test_a_finished_or_superseded_video_keeps_its_file(world: World, event: UploadedObject) -> None:
    world.objects.uploads = {source_key(ID): b"file"}
    world.process(event)
    world.process(event)
    assert world.objects.uploads


def test_an_event_that_comes_twice_does_nothing_the_second_time(world: World) -> None:
    world.process()
    before = world.video
    assert world.process() == EventOutcome(ID, "duplicate")
    assert world.video == before
    assert len(world.objects.thumbnails) == 1


def test_an_event_while_another_worker_is_at_it_comes_again_later(world: World) -> None:
    def overlap() -> None:
        world.engine.meanwhile = lambda: None
        with pytest.raises(NotNow):
            world.process()

    world.engine.meanwhile = overlap
    assert world.process() == EventOutcome(ID, "done")


def test_a_worker_that_lost_its_lease_changes_nothing_and_cleans_up(world: World) -> None:
    def lose_the_lease() -> None:
        taken = Lease(token="somebody else", until=datetime.now(UTC))
        world.records.videos[ID] = replace(world.video, lease=taken)

    world.engine.meanwhile = lose_the_lease
    assert world.process() == EventOutcome(ID, "superseded")
    assert world.video.status is Status.PROCESSING
    assert world.objects.thumbnails == {}


def test_the_pictures_of_an_overwritten_upload_are_removed(world: World) -> None:
    earlier = done_video()
    assert earlier.thumbnail
    world.objects.thumbnails[earlier.thumbnail.key] = b"old"
    world.objects.thumbnails[f"images/{ID}/{picture_version(earlier)}/image.jpg"] = b"old"
    world.records.videos[ID] = earlier
    assert world.process(overwritten(world)) == EventOutcome(ID, "done")
    assert list(world.objects.thumbnails.values()) == [b"jpeg"]


def test_a_bad_upload_over_a_good_one_leaves_no_picture(world: World) -> None:
    earlier = done_video()
    assert earlier.thumbnail
    world.objects.thumbnails[earlier.thumbnail.key] = b"old"
    world.objects.thumbnails[f"images/{ID}/{picture_version(earlier)}/image.jpg"] = b"old"
    world.records.videos[ID] = earlier
    world.engine.error = BadMedia(DAMAGED)
    assert world.process(overwritten(world)) == EventOutcome(ID, "failed")
    assert world.objects.thumbnails == {}


def overwritten(world: World) -> UploadedObject:
    """Return the event of other bytes, which are stored now."""
    world.sources.current_etag = "second"
    return uploaded(etag="second", sequencer=pad_sequencer("FF"))


def test_a_claim_whose_answer_was_lost_is_given_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        lose_the_answer(patch, Status.PROCESSING)
        with pytest.raises(CatalogUnavailable):
            world.process()
    assert lease_has_lapsed(world.video)
    assert world.process() == EventOutcome(ID, "done")


def lose_the_answer(patch: pytest.MonkeyPatch, status: Status) -> None:
    """Lose the answer to the request that moves a video to a status, but not its effect."""
    save = FakeCatalog.save

    def no_answer(records: FakeCatalog, seen: Video, new: Video) -> Video | None:
        saved = save(records, seen, new)
        if seen.status is not status and new.status is status:
            raise CatalogUnavailable("MongoDB: NetworkTimeout")
        return saved

    patch.setattr(FakeCatalog, "save", no_answer)


def delete(world: World) -> None:
    world.records.delete(ID)


def lease_has_lapsed(video: Video) -> bool:
    return video.lease is not None and video.lease.until <= datetime.now(UTC)


def replaced(world: World) -> None:
    world.sources.error = SourceReplaced("replaced")


def deleted(world: World) -> None:
    world.engine.meanwhile = lambda: delete(world)


def deleted_and_bad(world: World) -> None:
    world.engine.error = BadMedia(DAMAGED)
    deleted(world)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(replaced, "superseded"), (deleted, "unknown"), (deleted_and_bad, "unknown")],
)
def test_work_that_is_of_no_use_leaves_a_line(
    world: World, spoil: Callable[[World], None], reason: str
) -> None:
    spoil(world)
    with logged() as lines:
        world.process()
    assert lines[-1]["message"] == "work dropped"
    assert lines[-1]["reason"] == reason
    assert {"wall_ms", "bytes_read", "requests"} <= lines[-1].keys()


def test_every_line_about_a_claimed_video_names_its_owner(world: World) -> None:
    world.records.videos[ID] = video(owner="anna")
    with logged() as lines:
        world.process()
    assert {line["message"]: line.get("owner") for line in lines} == {
        "processing started": "anna",
        "video done": "anna",
    }


def test_every_end_says_what_it_cost(world: World) -> None:
    with logged() as lines:
        world.process()
    assert lines[-1]["message"] == "video done"
    assert (lines[-1]["bytes_read"], lines[-1]["requests"]) == (500, 2)
    world.engine.error = BadMedia(DAMAGED)
    world.records.videos[ID] = video()
    with logged() as lines:
        world.process()
    assert (lines[-1]["message"], lines[-1]["code"]) == ("video failed", "corrupt")
    assert (lines[-1]["bytes_read"], lines[-1]["requests"]) == (500, 2)
    world.engine.error = OSError("No space left")
    world.records.videos[ID] = video()
    with logged() as lines, pytest.raises(OSError, match="space"):
        world.process()
    assert (lines[-1]["message"], lines[-1]["reason"]) == (
        "processing interrupted",
        "No space left",
    )
    assert (lines[-1]["bytes_read"], lines[-1]["requests"]) == (500, 2)


def test_a_busy_video_is_no_error(world: World) -> None:
    world.records.videos[ID] = video(
        status=Status.PROCESSING,
        lease=Lease("another's", datetime.now(UTC) + timedelta(hours=1)),
        attempts=1,
        source=uploaded().source,
    )
    with logged() as lines, pytest.raises(NotNow):
        world.process()
    (line,) = lines
    assert (line["level"], line["message"], line["reason"]) == ("WARNING", "not now", "busy")


def test_what_happens_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.sources.error = StorageUnavailable("S3: down")
    with pytest.raises(StorageUnavailable):
        world.process()
    assert measured(capsys.readouterr().out) == {}
    world.sources.error = None
    world.process()
    cost = world.video.processing
    assert cost
    assert measured(capsys.readouterr().out) == {
        "Retries": 1,
        "Done": 1,
        "Duration": cost.wall_ms,
        "BytesRead": 500,
    }
    world.process()
    assert measured(capsys.readouterr().out) == {"Duplicates": 1}
    world.engine.error = BadMedia(DAMAGED)
    world.records.videos[ID] = video()
    world.process()
    counted = measured(capsys.readouterr().out)
    assert (counted["Failed"], counted["BytesRead"]) == (1, 500)
    assert "Done" not in counted


def test_a_finished_video_moves_for_the_newest_upload_only(world: World) -> None:
    """An event whose place in the order is not known, of bytes that were overwritten since."""
    world.records.videos[ID] = before = replace(
        done_video(), source=replace(uploaded().source, sequencer="", etag="current")
    )
    world.sources.current_etag = "current"
    assert world.process(uploaded(etag="older")) == EventOutcome(ID, "superseded")
    assert world.video == before


def test_a_finished_video_that_is_claimed_meanwhile_is_left_to_that_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a duplicate of the same event, while this one looks whether its object is current."""
    world.records.videos[ID] = done_video()
    event = overwritten(world)

    def claimed_meanwhile(_: FakeSources, __: UploadedObject) -> bool:
        monkeypatch.undo()
        lease = Lease("alive", datetime.now(UTC) + timedelta(minutes=2))
        claimed = attempts.claim(world.video, event, lease, now=datetime.now(UTC))
        assert isinstance(claimed, Video)
        assert world.records.save(world.video, claimed)
        return True

    monkeypatch.setattr(FakeSources, "is_current", claimed_meanwhile)
    with pytest.raises(NotNow):
        world.process(event)
    assert world.video.lease
    assert world.video.lease.token == "alive"


@pytest.mark.parametrize("seen_as", [Status.DONE, Status.PENDING])
def test_the_order_of_a_refused_event_is_learned_from_the_record_as_it_is_now(
    world: World, monkeypatch: pytest.MonkeyPatch, seen_as: Status
) -> None:
    """Upkeep's event, which has no order, is done before S3's own, which had read before it."""
    unordered = replace(done_video(), source=uploaded(sequencer="").source)
    world.records.videos[ID] = unordered if seen_as is Status.DONE else video()
    save = FakeCatalog.save

    def done_meanwhile(records: FakeCatalog, seen: Video, new: Video) -> Video | None:
        monkeypatch.undo()
        records.videos[ID] = replace(unordered, version=seen.version + 2)
        return save(records, seen, new)

    monkeypatch.setattr(FakeCatalog, "save", done_meanwhile)
    assert world.process() == EventOutcome(ID, "duplicate")
    assert world.video.source == uploaded().source


def test_a_worker_finishes_although_its_record_has_changed(world: World) -> None:
    """A duplicate event has taught the record the order of the claimed upload meanwhile."""

    def duplicate() -> None:
        world.engine.meanwhile = lambda: None
        with pytest.raises(NotNow):
            world.process(uploaded(sequencer=pad_sequencer("FF")))

    world.engine.meanwhile = duplicate
    assert world.process() == EventOutcome(ID, "done")
    assert world.video.source == uploaded(sequencer=pad_sequencer("FF")).source


@pytest.mark.parametrize("given", [None, new_trace()])
def test_processing_continues_the_event_s_trace_or_that_of_the_announcement(
    given: Trace | None,
) -> None:
    announced = new_trace()
    world = World(FakeCatalog({ID: replace(video(), traceparent=announced.header)}))
    with logged() as lines, trace_context(given):
        assert world.process().result == "done"
        assert world.process().result == "duplicate"
    assert {line["trace_id"] for line in lines} == {(given or announced).id}
    assert {line["message"] for line in lines} == {
        "processing started",
        "video done",
        "nothing to do",
    }
    with logged() as lines:
        World().process()
    assert all("trace_id" not in line for line in lines), "the next event has another trace"


def test_the_next_video_does_not_join_the_trace_of_the_one_before() -> None:
    traces = [new_trace(), new_trace()]
    with logged() as lines:
        for trace in traces:
            World(FakeCatalog({ID: replace(video(), traceparent=trace.header)})).process()
    found = [line["trace_id"] for line in lines if line["message"] == "video done"]
    assert found == [trace.id for trace in traces]
