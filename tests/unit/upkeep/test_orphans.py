"""Objects that belong to no video."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from functions.adapters.storage import StoredObject
from functions.core.failures import UPLOAD_EXPIRED
from functions.core.keys import source_key, thumbnail_prefix
from functions.core.lifecycle.stuck import fail_stuck, is_overdue
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Status
from functions.upkeep.orphans import OrphanReport, OrphanSearch
from functions.upkeep.sweep import MARGIN_S
from tests.examples import ID, done_video, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage

GONE = "507f1f77bcf86cd799439012"
PICTURE = f"{thumbnail_prefix(GONE)}token.jpg"
OLD = datetime.now(UTC) - timedelta(days=1, minutes=1)


@dataclass
class World:
    records: FakeCatalog = field(default_factory=lambda: FakeCatalog({ID: done_video()}))
    objects: FakeStorage = field(default_factory=FakeStorage)

    def stores(self, *keys: str, modified_at: datetime = OLD) -> None:
        for key in keys:
            kind = self.objects.uploads if key.startswith("uploads/") else self.objects.thumbnails
            kind[key] = b"bytes"
            self.objects.modified_at[key] = modified_at

    def search(
        self,
        *,
        delete: bool = False,
        remaining_s: Callable[[], float] = lambda: 200.0,
        days_later: int = 0,
    ) -> OrphanReport | None:
        now = datetime.now(UTC) + timedelta(days=days_later)
        search = OrphanSearch(self.records, self.objects, delete=delete, now=lambda: now)
        return search.run_if_due(remaining_s=remaining_s)

    def tomorrow(self) -> None:
        assert self.records.searched
        assert self.records.searched.due_at > datetime.now(UTC) + timedelta(hours=23)
        self.records.searched = None


@pytest.fixture
def world() -> World:
    return World()


def test_objects_of_no_video_are_counted_and_kept(world: World) -> None:
    world.stores(source_key(ID), source_key(GONE), PICTURE)
    assert world.search() == OrphanReport(listed=3, orphaned=2)
    assert len(world.objects.uploads) == 2
    assert PICTURE in world.objects.thumbnails


def test_they_are_deleted_a_week_later_when_a_setting_says_so(world: World) -> None:
    world.stores(source_key(ID), source_key(GONE), PICTURE, modified_at=OLD - timedelta(days=30))
    for day in range(7):
        report = world.search(delete=True, days_later=day)
        assert report == OrphanReport(listed=3, orphaned=2), day
    report = world.search(delete=True, days_later=7)
    assert report == OrphanReport(listed=3, orphaned=2, deleted=2)
    assert list(world.objects.uploads) == [source_key(ID)]
    assert world.objects.thumbnails == {}


def test_the_week_counts_from_the_first_sighting_even_if_nothing_was_to_be_deleted(
    world: World,
) -> None:
    world.stores(PICTURE)
    world.search()
    assert world.search(delete=True, days_later=7) == OrphanReport(1, orphaned=1, deleted=1)


def test_a_restored_database_starts_the_week_anew(world: World) -> None:
    world.stores(PICTURE)
    world.search(delete=True)
    world.records.orphans.clear()
    assert world.search(delete=True, days_later=8) == OrphanReport(1, orphaned=1)
    assert world.search(delete=True, days_later=15) == OrphanReport(1, orphaned=1, deleted=1)


def test_a_record_that_comes_back_and_is_lost_again_starts_the_week_anew(world: World) -> None:
    world.stores(PICTURE)
    world.search(delete=True)
    world.records.videos[GONE] = done_video()
    assert world.search(delete=True, days_later=6) == OrphanReport(1)
    del world.records.videos[GONE]
    assert world.search(delete=True, days_later=8) == OrphanReport(1, orphaned=1)


def test_what_is_younger_than_a_day_may_be_on_its_way(world: World) -> None:
    young = datetime.now(UTC) - timedelta(hours=23, minutes=59)
    world.stores(source_key(GONE), modified_at=young)
    assert world.search(delete=True) == OrphanReport(listed=1)
    assert world.objects.uploads


@pytest.mark.parametrize("key", ["uploads/notes.txt", f"uploads/{GONE.upper()}/source"])
def test_what_is_not_ours_is_not_touched(world: World, key: str) -> None:
    world.stores(key)
    assert world.search(delete=True) == OrphanReport(listed=1)
    assert key in world.objects.uploads


@pytest.mark.parametrize("kept", [{source_key(GONE)}, set()], ids=["delete", "purge"])
def test_a_delete_that_the_storage_interrupted_is_finished(world: World, kept: set[str]) -> None:
    """Without the setting, and at any age: the tombstone proves the delete."""
    world.stores(source_key(GONE), PICTURE, modified_at=datetime.now(UTC))
    world.records.videos[GONE] = done_video(GONE)
    world.records.delete(GONE, purge=not kept)
    assert world.search() == OrphanReport(listed=1, deletes_finished=1)
    assert world.objects.uploads == world.objects.thumbnails == {}
    assert world.objects.older.keys() == kept
    assert world.records.orphans == {}, "it is no orphan"


def test_a_record_wins_over_a_tombstone(world: World) -> None:
    world.stores(source_key(ID))
    world.records.delete(ID)
    world.records.videos[ID] = done_video()
    assert world.search(delete=True) == OrphanReport(listed=1)
    assert source_key(ID) in world.objects.uploads


def test_a_storage_that_fails_again_leaves_the_delete_to_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stores(source_key(GONE))
    world.records.videos[GONE] = done_video(GONE)
    world.records.delete(GONE)
    with monkeypatch.context() as patch:
        failing = Mock(side_effect=StorageUnavailable("S3: SlowDown"))
        patch.setattr(FakeStorage, "delete_objects_of", failing)
        with pytest.raises(StorageUnavailable):
            world.search()
    assert world.search() == OrphanReport(listed=1, deletes_finished=1)


def test_it_is_done_once_a_day(world: World) -> None:
    assert world.search()
    assert world.search() is None
    world.tomorrow()
    assert world.search()


def test_it_stops_in_time_and_goes_on_where_it_was(world: World) -> None:
    left = iter([MARGIN_S + 1, MARGIN_S - 1])
    world.stores(PICTURE, source_key(GONE))
    first = world.search(remaining_s=lambda: next(left))
    assert first == OrphanReport(listed=1, orphaned=1, finished=False)
    assert world.search() == OrphanReport(listed=1, orphaned=1)
    world.tomorrow()
    assert world.search() == OrphanReport(listed=2, orphaned=2)


def test_a_failure_half_way_is_raised_and_the_next_run_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = FakeStorage.pages

    def broken_after_one(objects: FakeStorage, *, after: str) -> Iterator[list[StoredObject]]:
        yield next(pages(objects, after=after))
        raise StorageUnavailable("S3: SlowDown")

    world.stores(PICTURE, source_key(GONE))
    with monkeypatch.context() as patch:
        patch.setattr(FakeStorage, "pages", broken_after_one)
        with pytest.raises(StorageUnavailable):
            world.search()
    assert world.search() == OrphanReport(listed=1, orphaned=1)


def test_a_late_upload_whose_event_was_lost_is_awaited_again(world: World) -> None:
    """Else MongoDB would remove the record, and the upload would become an orphan."""
    announced = video(GONE)
    error = UPLOAD_EXPIRED.failure()
    expired = fail_stuck(announced, error=error, webhook=None, now=datetime.now(UTC))
    world.records.videos[GONE] = expired
    world.stores(source_key(ID), source_key(GONE), modified_at=datetime.now(UTC))
    assert world.search(delete=True) == OrphanReport(listed=2, late_uploads=1)
    found = world.records.videos[GONE]
    assert (found.status, found.remove_at) == (Status.PENDING, None)
    assert is_overdue(found, now=datetime.now(UTC)), "the next sweep starts it"
