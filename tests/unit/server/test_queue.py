"""Which videos a worker without events takes up, and when it looks again."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from functions.core.failures import FailureCode
from functions.core.keys import source_key
from functions.core.lifecycle import restarts
from functions.core.lifecycle.announcement import UPLOAD_GRACE, UPLOAD_WINDOW
from functions.core.unavailable import StorageUnavailable
from functions.core.video import MAX_ATTEMPTS, ExpectedUpload, Lease, Status, UploadedObject, Video
from server.queue import VideoQueue
from tests.examples import CREATED, ID, failed_video, uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage

OTHER = "507f1f77bcf86cd799439012"


@dataclass
class World:
    records: FakeCatalog = field(default_factory=FakeCatalog)
    objects: FakeStorage = field(default_factory=FakeStorage)
    now: datetime = CREATED + timedelta(seconds=1)

    def queue(self, stopping: Callable[[], bool] = lambda: False) -> VideoQueue:
        """Return the queue of another worker."""
        return VideoQueue(self.records, self.objects, stopping, now=lambda: self.now)

    def has(self, *videos: Video, stored: bool = True) -> None:
        for one in videos:
            self.records.videos[one.id] = one
            if stored:
                self.objects.uploads[one.upload.key] = b"bytes"

    def next(self) -> UploadedObject | None:
        with self.queue().next_upload() as upload:
            return upload

    def found(self) -> list[str]:
        upload = self.next()
        return [upload.video_id] if upload else []


@pytest.fixture
def world() -> World:
    return World()


def announced(video_id: str = ID) -> Video:
    upload = ExpectedUpload(source_key(video_id), expires_at=CREATED + UPLOAD_WINDOW)
    return video(video_id, upload=upload)


def processing(*, until: datetime = CREATED, attempts: int = 1) -> Video:
    """A video whose worker has stopped."""
    return video(
        status=Status.PROCESSING,
        lease=Lease("dead", until),
        attempts=attempts,
        source=uploaded().source,
    )


def test_an_upload_that_has_arrived_is_found_without_an_event(world: World) -> None:
    world.has(announced())
    upload = world.next()
    assert upload
    assert (upload.video_id, upload.source.size) == (ID, len(b"bytes"))


def test_one_that_has_not_arrived_is_looked_for_less_and_less_often(world: World) -> None:
    world.has(announced(), stored=False)
    looks = []
    while world.now < CREATED + timedelta(minutes=10):
        assert not world.found()
        due = world.records.videos[ID].claimable_at
        assert due
        looks.append(due - world.now)
        world.now = due + timedelta(milliseconds=1)
    assert looks == sorted(looks)
    assert (looks[0], looks[-1]) == (timedelta(seconds=0.5), timedelta(minutes=1))


def test_two_workers_do_not_look_for_the_same_upload(world: World) -> None:
    world.has(announced())
    assert world.found() == [ID]
    assert world.found() == []


def test_the_slots_of_a_worker_get_different_videos(world: World) -> None:
    retried = restarts.retry(failed_video(), now=CREATED)
    assert isinstance(retried, Video)
    world.has(retried, announced(OTHER))
    queue = world.queue()
    with queue.next_upload() as one, queue.next_upload() as other, queue.next_upload() as third:
        assert one
        assert other
        assert {one.video_id, other.video_id} == {ID, OTHER}
        assert third is None


def test_a_video_whose_worker_has_died_is_taken_up_again(world: World) -> None:
    world.has(processing())
    assert world.found() == [ID]


def test_a_live_lease_is_respected(world: World) -> None:
    world.has(processing(until=world.now + timedelta(seconds=1)))
    assert world.found() == []


def test_a_failed_attempt_is_repeated_later_and_later(world: World) -> None:
    for attempts, seconds in ((1, 30), (2, 60), (3, 120)):
        world.has(processing(attempts=attempts))
        world.queue().put_back(uploaded())
        assert world.records.videos[ID].claimable_at == world.now + timedelta(seconds=seconds)


def test_a_failed_attempt_changes_nothing_where_another_worker_holds_the_lease(
    world: World,
) -> None:
    held = processing(until=world.now + timedelta(minutes=1))
    for seen in (held, announced()):
        world.has(seen)
        world.queue().put_back(uploaded())
        assert world.records.videos[ID] == seen


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (announced, FailureCode.UPLOAD_EXPIRED),
        (processing, FailureCode.SOURCE_GONE),
        (lambda: processing(attempts=MAX_ATTEMPTS), FailureCode.TIMED_OUT),
    ],
)
def test_an_overdue_video_that_no_attempt_would_finish_fails(
    world: World, make: Callable[[], Video], code: FailureCode
) -> None:
    world.has(make(), stored=code is FailureCode.TIMED_OUT)
    world.now = CREATED + UPLOAD_WINDOW + UPLOAD_GRACE + timedelta(seconds=1)
    assert world.found() == []
    error = world.records.videos[ID].error
    assert error
    assert error.code == code


def test_an_upload_that_arrived_while_no_worker_ran_is_processed(world: World) -> None:
    world.has(announced())
    world.now = CREATED + timedelta(hours=8)
    assert world.found() == [ID]


def test_exhausted_attempts_do_not_keep_others_waiting(world: World) -> None:
    exhausted = processing(attempts=MAX_ATTEMPTS)
    world.has(exhausted, replace(announced(OTHER), claimable_at=CREATED + timedelta(seconds=0.5)))
    assert world.found() == [OTHER]
    assert world.records.videos[ID] == exhausted


def test_a_vanished_object_is_left_to_processing(world: World) -> None:
    world.has(processing(), stored=False)
    upload = world.next()
    assert upload
    assert upload.source.etag == uploaded().source.etag


def test_a_stopping_worker_ends_its_search(world: World) -> None:
    world.has(announced())
    with world.queue(stopping=lambda: True).next_upload() as upload:
        assert upload is None


def test_a_store_that_does_not_answer_is_reported(world: World) -> None:
    world.has(announced())
    world.objects.down = True
    with pytest.raises(StorageUnavailable), world.queue().next_upload():
        pass
