"""What becomes of videos that are stuck, with fakes around the sweep."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.core.keys import source_key
from functions.core.lifecycle import attempts
from functions.core.lifecycle.attempts import MAX_REPLACEMENTS
from functions.core.lifecycle.replays import MAX_REPLAYS_AWAITED
from functions.core.lifecycle.stuck import MAX_REPLAYS
from functions.core.unavailable import CatalogUnavailable, ProcessingUnavailable, StorageUnavailable
from functions.core.video import MAX_ATTEMPTS, Lease, Source, Status, UploadedObject, Video
from functions.upkeep.sweep import MARGIN_S, Report, Sweep
from tests.examples import ID, SEQUENCER, done_video, uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.logs import logged, measured

OTHER = "507f1f77bcf86cd799439012"


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def pending(video_id: str = ID, *, expired: datetime | None = None, **changes: Any) -> Video:
    """A video whose upload should be there by now."""
    announced = video(video_id, updated_at=ago(minutes=40))
    upload = replace(announced.upload, expires_at=expired or ago(minutes=16))
    return replace(announced, upload=upload, **changes)


def lapsed(video_id: str = ID, *, until: datetime | None = None, **changes: Any) -> Video:
    """A video whose worker has stopped."""
    given: dict[str, Any] = {
        "status": Status.PROCESSING,
        "lease": Lease("dead", until or ago(seconds=61)),
        "attempts": 1,
        "source": uploaded(video_id).source,
        "updated_at": ago(seconds=200),
    }
    return video(video_id, **given | changes)


@dataclass
class World:
    records: FakeCatalog = field(default_factory=FakeCatalog)
    objects: FakeStorage = field(default_factory=FakeStorage)
    processing: FakeProcessing = field(default_factory=FakeProcessing)

    def has(self, *videos: Video, stored: bool = True) -> None:
        for one in videos:
            self.records.videos[one.id] = one
            if stored:
                self.objects.uploads[one.upload.key] = b"bytes"

    def sweep(self, remaining_s: Callable[[], float] = lambda: 200.0) -> Report:
        return Sweep(self.records, self.objects, self.processing).run(remaining_s=remaining_s)

    def video(self, video_id: str = ID) -> Video:
        return self.records.videos[video_id]

    def failed_with(self, video_id: str = ID) -> str | None:
        error = self.video(video_id).error
        return error.code if error and self.video(video_id).status is Status.FAILED else None


@pytest.fixture
def world() -> World:
    return World()


def test_an_upload_of_which_no_event_came_is_started(world: World) -> None:
    world.has(pending())
    report = world.sweep()
    (started,) = world.processing.started
    stored = world.objects.find_upload(source_key(ID))
    assert started == UploadedObject(ID, source_key(ID), stored or Source("", 0, ""))
    assert (report.lost_events, report.lapsed_leases, dict(report.failed)) == (1, 0, {})
    assert world.video().status is Status.PENDING


def test_what_the_sweep_finds_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.has(pending(), lapsed(OTHER))
    world.has(pending("507f1f77bcf86cd799439013"), stored=False)
    world.sweep()
    assert measured(capsys.readouterr().out) == {"LostEvents": 1, "LapsedLeases": 1, "Failed": 1}


def test_what_was_found_is_counted_also_where_the_run_then_fails(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FakeCatalog.save

    def fail(records: FakeCatalog, seen: Video, new: Video) -> Video | None:
        if new.replays:
            raise CatalogUnavailable("MongoDB: NetworkTimeout")
        return save(records, seen, new)

    world.has(pending(), stored=False)
    world.has(pending(OTHER))
    monkeypatch.setattr(FakeCatalog, "save", fail)
    with pytest.raises(CatalogUnavailable):
        world.sweep()
    assert measured(capsys.readouterr().out) == {"Failed": 1}


def test_an_upload_that_never_came_is_failed(world: World) -> None:
    world.has(pending(), stored=False)
    assert dict(world.sweep().failed) == {"upload_expired": 1}
    assert world.failed_with() == "upload_expired"
    assert world.processing.started == []


@pytest.mark.parametrize("stored", [True, False])
def test_an_upload_that_may_still_come_is_left_alone(world: World, *, stored: bool) -> None:
    world.has(pending(expired=ago(minutes=14)), stored=stored)
    assert world.sweep().seen == 0
    assert world.video().status is Status.PENDING


def test_a_video_that_was_just_retried_has_its_event_on_the_way(world: World) -> None:
    world.has(pending(source=uploaded().source, updated_at=ago(minutes=14)))
    assert world.sweep().waiting == 1
    assert world.processing.started == []


def test_a_retried_video_whose_file_is_gone_says_so(world: World) -> None:
    world.has(pending(source=uploaded().source), stored=False)
    world.sweep()
    assert world.failed_with() == "source_gone"


def test_a_worker_that_stopped_is_replaced(world: World) -> None:
    world.has(lapsed())
    report = world.sweep()
    (started,) = world.processing.started
    assert started.source.sequencer == SEQUENCER, "it keeps its place in S3's order"
    assert (report.lost_events, report.lapsed_leases) == (0, 1)


def test_a_lease_is_not_taken_for_lapsed_by_a_clock_that_is_ahead(world: World) -> None:
    world.has(lapsed(until=ago(seconds=55)))
    assert world.sweep().seen == 0


def test_a_video_that_stops_every_worker_is_given_up(world: World) -> None:
    world.has(lapsed(attempts=MAX_ATTEMPTS))
    world.sweep()
    assert world.failed_with() == "timed_out"
    assert world.processing.started == []


def test_one_attempt_that_is_left_is_used(world: World) -> None:
    world.has(lapsed(attempts=MAX_ATTEMPTS - 1))
    world.sweep()
    assert len(world.processing.started) == 1


def test_a_stopped_worker_whose_file_is_gone_says_so(world: World) -> None:
    world.has(lapsed(), stored=False)
    world.sweep()
    assert world.failed_with() == "source_gone"


@pytest.mark.parametrize("stuck", [pending, lapsed])
def test_the_event_that_was_sent_is_waited_for(world: World, stuck: Callable[[], Video]) -> None:
    world.has(stuck())
    world.sweep()
    assert world.sweep().waiting == 1
    assert len(world.processing.started) == 1


@pytest.mark.parametrize("stuck", [pending, lapsed])
def test_events_that_all_vanish_are_given_up(world: World, stuck: Callable[[], Video]) -> None:
    world.has(stuck())
    waited = 0
    for replay in range(MAX_REPLAYS):
        world.sweep()
        waited += 16 * 2**replay
        world.has(replace(world.video(), updated_at=ago(minutes=16 * 2**replay)))
    assert waited > 6 * 60, "for so long Lambda keeps an event that waits for a free worker"
    assert len(world.processing.started) == MAX_REPLAYS
    world.sweep()
    assert world.failed_with() == "retries_exhausted"
    assert len(world.processing.started) == MAX_REPLAYS


def test_finished_videos_and_living_workers_are_not_even_read(world: World) -> None:
    world.has(done_video(), lapsed(OTHER, until=datetime.now(UTC) + timedelta(minutes=1)))
    assert world.sweep().seen == 0


def test_the_pictures_of_an_earlier_upload_go_with_the_video(world: World) -> None:
    earlier = done_video().thumbnail
    assert earlier
    world.objects.thumbnails[earlier.key] = b"jpeg"
    world.objects.thumbnails[f"images/{ID}/v/image.jpg"] = b"jpeg"
    world.has(lapsed(attempts=MAX_ATTEMPTS, thumbnail=earlier))
    world.sweep()
    assert world.objects.thumbnails == {}
    assert world.video().thumbnail is None


def test_a_video_that_was_claimed_meanwhile_is_left_to_its_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_upload = FakeStorage.find_upload

    def claimed_meanwhile(objects: FakeStorage, key: str) -> Source | None:
        lease = Lease("alive", datetime.now(UTC) + timedelta(minutes=2))
        claimed = attempts.claim(world.video(), uploaded(), lease, now=datetime.now(UTC))
        assert isinstance(claimed, Video)
        world.has(claimed, stored=False)
        return find_upload(objects, key)

    world.has(pending(), stored=False)
    monkeypatch.setattr(FakeStorage, "find_upload", claimed_meanwhile)
    report = world.sweep()
    assert dict(report.failed) == {}
    assert world.video().status is Status.PROCESSING


def test_of_two_runs_that_overlap_one_sends_the_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_upload = FakeStorage.find_upload

    def another_run_meanwhile(objects: FakeStorage, key: str) -> Source | None:
        with monkeypatch.context() as patch:
            patch.setattr(FakeStorage, "find_upload", find_upload)
            world.sweep()
        return find_upload(objects, key)

    world.has(pending())
    monkeypatch.setattr(FakeStorage, "find_upload", another_run_meanwhile)
    assert world.sweep().lost_events == 0
    assert len(world.processing.started) == 1


def test_a_catalog_that_goes_away_ends_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: FakeStorage, __: str) -> None:
        world.records.down = True

    world.has(pending(ID), pending(OTHER))
    monkeypatch.setattr(FakeStorage, "find_upload", down)
    with pytest.raises(CatalogUnavailable):
        world.sweep()


def test_the_problem_of_one_video_does_not_keep_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_upload = FakeStorage.find_upload

    def down_for_one(objects: FakeStorage, key: str) -> Source | None:
        if key == source_key(ID):
            raise StorageUnavailable("S3: InternalError")
        return find_upload(objects, key)

    monkeypatch.setattr(FakeStorage, "find_upload", down_for_one)
    world.has(pending(ID), pending(OTHER))
    report = world.sweep()
    assert [started.video_id for started in world.processing.started] == [OTHER]
    assert [str(problem) for problem in report.problems] == ["S3: InternalError"]


def test_processing_that_cannot_be_started_is_a_problem_and_no_success(world: World) -> None:
    world.processing.down = True
    world.has(pending())
    report = world.sweep()
    assert report.lost_events == 0
    assert isinstance(report.problems[0], ProcessingUnavailable)


def test_each_event_is_given_twice_the_time_of_the_one_before(world: World) -> None:
    world.has(pending())
    world.sweep()
    world.has(replace(world.video(), updated_at=ago(minutes=16)))
    world.sweep()
    world.has(replace(world.video(), updated_at=ago(minutes=29)))
    assert world.sweep().waiting == 1
    assert len(world.processing.started) == 2


def test_a_database_that_is_not_migrated_is_swept_with_a_warning(world: World) -> None:
    world.records.migrated = False
    world.has(pending())
    with logged() as lines:
        report = world.sweep()
    assert (report.lost_events, report.summary()["migrated"]) == (1, False)
    warnings = [line for line in lines if line["message"] == "database not migrated"]
    assert [line["run"] for line in warnings] == ["clipo migrate"]


def test_a_schema_that_cannot_be_checked_keeps_no_video_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(_: FakeCatalog) -> bool:
        raise CatalogUnavailable("MongoDB: ExecutionTimeout")

    monkeypatch.setattr(FakeCatalog, "ensure_schema", too_long)
    world.has(pending())
    with logged() as lines:
        report = world.sweep()
    assert len(world.processing.started) == 1
    assert len(report.problems) == 1, "and the run is an error, for the alarm"
    assert report.summary()["migrated"] is None
    assert "database not migrated" not in [line["message"] for line in lines]


def test_without_a_catalog_there_is_nothing_to_go_on_with(world: World) -> None:
    world.records.down = True
    with pytest.raises(CatalogUnavailable):
        world.sweep()


def test_it_stops_in_time_and_says_so(world: World) -> None:
    left = iter([MARGIN_S + 1, MARGIN_S - 1])
    world.has(pending(ID), pending(OTHER))
    report = world.sweep(remaining_s=lambda: next(left))
    assert (report.seen, report.finished) == (1, False)
    assert len(world.processing.started) == 1
    assert world.sweep().lost_events == 1, "the next run goes on with the other"


def test_the_picture_of_a_video_that_is_reprocessed_stays(world: World) -> None:
    earlier = done_video()
    assert earlier.thumbnail
    world.objects.thumbnails[earlier.thumbnail.key] = b"jpeg"
    world.has(lapsed(attempts=MAX_ATTEMPTS, media=earlier.media, thumbnail=earlier.thumbnail))
    with logged() as lines:
        world.sweep()
    assert list(world.objects.thumbnails) == [earlier.thumbnail.key]
    assert (world.video().status, world.video().thumbnail) == (Status.DONE, earlier.thumbnail)
    assert "reprocessing failed" in [line["message"] for line in lines]


def test_a_reprocessed_video_keeps_its_result_if_its_file_was_replaced_too_often(
    world: World,
) -> None:
    """Clipo has not processed the other file when it came, and the result is not of its bytes."""
    earlier = done_video()
    stuck = pending(source=earlier.source, replacements=MAX_REPLACEMENTS)
    world.has(replace(stuck, media=earlier.media, thumbnail=earlier.thumbnail))
    world.sweep()
    assert world.processing.started == []
    assert (world.video().status, world.video().media) == (Status.DONE, earlier.media)


def test_a_file_that_replaced_the_reprocessed_one_is_processed(world: World) -> None:
    earlier = done_video()
    stuck = pending(source=earlier.source)
    world.has(replace(stuck, media=earlier.media, thumbnail=earlier.thumbnail))
    world.sweep()
    assert len(world.processing.started) == 1


def ids(count: int) -> list[str]:
    return [f"{number:024x}" for number in range(count)]


def test_a_backlog_gets_a_few_events_whatever_its_size(world: World) -> None:
    """The events of all these videos wait for a free worker; a few more of them do no harm."""
    backlog = ids(MAX_REPLAYS_AWAITED + 20)
    world.has(*(pending(one) for one in backlog))
    report = world.sweep()
    assert (report.lost_events, report.held_back) == (MAX_REPLAYS_AWAITED, 20)
    for _ in range(3):
        report = world.sweep()
        assert (report.lost_events, report.held_back) == (0, 20)
    assert len(world.processing.started) == MAX_REPLAYS_AWAITED
    assert all(world.video(one).replays <= 1 for one in backlog)


def test_an_event_that_is_claimed_makes_room_for_another(world: World) -> None:
    world.has(*(pending(one) for one in ids(MAX_REPLAYS_AWAITED + 2)))
    world.sweep()
    first = world.processing.started[0].video_id
    lease = Lease("alive", datetime.now(UTC) + timedelta(minutes=2))
    claimed = attempts.claim(world.video(first), uploaded(first), lease, now=datetime.now(UTC))
    assert isinstance(claimed, Video)
    world.has(claimed)
    assert world.sweep().lost_events == 1


def test_while_replays_are_held_back_expired_uploads_still_fail(world: World) -> None:
    *backlog, last = ids(MAX_REPLAYS_AWAITED + 1)
    world.has(*(pending(one) for one in backlog))
    world.has(pending(last), stored=False)
    assert dict(world.sweep().failed) == {"upload_expired": 1}


def test_the_oldest_is_settled_first(world: World) -> None:
    world.has(pending(ID, claimable_at=ago(minutes=50)), pending(OTHER, claimable_at=ago(hours=2)))
    left = iter([MARGIN_S + 1, MARGIN_S - 1])
    world.sweep(remaining_s=lambda: next(left))
    assert [started.video_id for started in world.processing.started] == [OTHER]
