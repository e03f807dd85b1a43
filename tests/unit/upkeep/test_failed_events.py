"""What becomes of a video whose event has failed for the last time."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.core.keys import source_key
from functions.core.s3_event import pad_sequencer
from functions.core.unavailable import CatalogUnavailable, StorageUnavailable
from functions.core.video import Lease, Source, Status, Video
from functions.upkeep.failed_events import FailedEvents
from tests.events import event
from tests.examples import ID, SEQUENCER, done_video, failed_video, thumbnail, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.logs import logged

FAILED_AT = datetime(2026, 11, 22, 12, 6, 12, 345000, tzinfo=UTC)
ETAG = "d41d8cd98f00b204e9800998ecf8427e"
SOURCE = Source(etag=ETAG, size=1_048_576, sequencer=SEQUENCER)
OTHER = "507f1f77bcf86cd799439012"


def body(payload: object = None, **changes: Any) -> str:
    record = json.loads(event("sqs-failed-events")["Records"][0]["body"])
    if payload is not None:
        record["requestPayload"] = payload
    return json.dumps(record | changes)


def processing(until: datetime = FAILED_AT, **changes: Any) -> Video:
    given: dict[str, Any] = {
        "status": Status.PROCESSING,
        "lease": Lease("dead", until),
        "attempts": 3,
        "source": SOURCE,
    }
    return video(**given | changes)


def settle(*videos: Video, message: str | None = None) -> FakeCatalog:
    records = FakeCatalog({one.id: one for one in videos})
    queue = FailedEvents(records, FakeStorage(), "clipo-uploads")
    queue.settle(body() if message is None else message)
    return records


def after_delete(*, purge: bool = False) -> FakeCatalog:
    records = FakeCatalog({ID: video()})
    records.delete(ID, purge=purge)
    return records


@pytest.mark.parametrize("unfinished", [video(), processing()])
def test_a_video_without_a_worker_fails(unfinished: Video) -> None:
    found = settle(unfinished).videos[ID]
    assert found.status is Status.FAILED
    assert found.error
    assert (found.error.code, found.error.retryable) == ("retries_exhausted", True)
    assert found.lease is None


def test_an_event_that_grew_too_old_is_the_same() -> None:
    context = {"condition": "EventAgeExceeded", "approximateInvokeCount": 1}
    assert settle(video(), message=body(requestContext=context)).videos[ID].error


@pytest.mark.parametrize(
    "other",
    [
        done_video(),
        failed_video(),
        processing(until=FAILED_AT + timedelta(seconds=1)),
        processing(source=replace(SOURCE, etag="newer", sequencer=pad_sequencer("FF"))),
        processing(source=replace(SOURCE, etag="newer", sequencer="")),
        video(updated_at=FAILED_AT + timedelta(seconds=1)),
    ],
    ids=["done", "failed", "live lease", "newer upload", "found upload", "retried since"],
)
def test_a_video_that_somebody_else_is_at_is_left_alone(other: Video) -> None:
    assert settle(other).videos[ID] == other


def test_a_video_that_an_event_without_order_had_claimed_is_failed() -> None:
    assert settle(processing(source=replace(SOURCE, sequencer=""))).videos[ID].error


def test_what_is_left_of_a_deleted_video_is_removed() -> None:
    """Its worker was killed for the last time when it had written the picture."""
    objects = FakeStorage({source_key(ID): b"video"}, {thumbnail().key: b"jpeg"})
    FailedEvents(after_delete(), objects, "clipo-uploads").settle(body())
    assert (objects.uploads, objects.thumbnails) == ({}, {})


@pytest.mark.parametrize("purge", [True, False])
def test_an_object_of_a_purged_video_leaves_no_older_version(*, purge: bool) -> None:
    objects = FakeStorage({source_key(ID): b"video"})
    FailedEvents(after_delete(purge=purge), objects, "clipo-uploads").settle(body())
    assert (source_key(ID) in objects.older) is not purge


def test_the_objects_of_a_missing_record_stay() -> None:
    """A restore of the database may have lost it."""
    objects = FakeStorage({source_key(ID): b"video"}, {thumbnail().key: b"jpeg"})
    with logged() as lines:
        FailedEvents(FakeCatalog(), objects, "clipo-uploads").settle(body())
    assert (len(objects.uploads), len(objects.thumbnails)) == (1, 1)
    (warning,) = [line for line in lines if line["level"] == "WARNING"]
    assert (warning["message"], warning["video_id"]) == ("object without a record", ID)


def test_what_is_left_and_cannot_be_removed_is_to_come_again() -> None:
    queue = FailedEvents(after_delete(), FakeStorage(down=True), "clipo-uploads")
    with pytest.raises(StorageUnavailable):
        queue.settle(body())


def test_every_record_of_the_event_is_looked_at() -> None:
    records = settle(done_video(), video(OTHER), message=body(event("s3-several-records")))
    assert records.videos[ID].status is Status.DONE
    assert records.videos[OTHER].status is Status.FAILED


def test_a_malformed_record_does_not_keep_the_others_back() -> None:
    payload = event("s3-several-records")
    del payload["Records"][0]["s3"]["object"]["eTag"]
    records = settle(video(), video(OTHER), message=body(payload))
    assert records.videos[ID].status is Status.PENDING
    assert records.videos[OTHER].status is Status.FAILED


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        body("no event"),
        body({"Records": "none"}),
        body({"Records": [5]}),
        body(timestamp="yesterday"),
        body(timestamp=5),
        body(requestContext=None),
        body(event("s3-foreign-key")),
    ],
)
def test_what_names_no_video_is_taken_off_the_queue(message: str) -> None:
    assert settle(video(), message=message).videos[ID] == video()


def test_a_moment_without_a_zone_is_understood() -> None:
    assert settle(video(), message=body(timestamp="2026-11-22T12:06:12")).videos[ID].error


def test_the_picture_of_an_earlier_upload_goes_with_the_video() -> None:
    objects = FakeStorage(thumbnails={thumbnail().key: b"jpeg"})
    records = FakeCatalog({ID: processing(thumbnail=thumbnail())})
    FailedEvents(records, objects, "clipo-uploads").settle(body())
    assert objects.thumbnails == {}


def test_a_picture_that_cannot_be_removed_does_not_keep_the_video_unfinished() -> None:
    objects = FakeStorage(thumbnails={thumbnail().key: b"jpeg"}, down=True)
    records = FakeCatalog({ID: processing(thumbnail=thumbnail())})
    FailedEvents(records, objects, "clipo-uploads").settle(body())
    assert records.videos[ID].status is Status.FAILED


def test_without_a_catalog_the_message_is_to_come_again() -> None:
    records = FakeCatalog({ID: video()}, down=True)
    with pytest.raises(CatalogUnavailable):
        FailedEvents(records, FakeStorage(), "clipo-uploads").settle(body())
