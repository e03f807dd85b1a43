"""The processing Lambda with real parts: S3 over HTTP, MongoDB's protocol, ffmpeg."""

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.adapters.signed.storage import SignedStorage
from functions.core.keys import source_key
from functions.core.s3_event import MalformedEvent
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Status, Video
from functions.processing import handler as module
from functions.processing.wiring import wire
from tests.clips import Clips
from tests.events import event
from tests.examples import video
from tests.fakes.lambda_context import FakeLambdaContext
from tests.logs import logged


@dataclass
class World:
    s3: Any
    catalog: MongoCatalog

    def upload(self, clip: Path, name: str = "s3-post") -> dict[str, Any]:
        """Add a video with its object, and return its record of the named event."""
        added = video(new_video_id())
        self.catalog.add(added)
        key = source_key(added.id)
        put = self.s3.put_object(Bucket="clipo-uploads", Key=key, Body=clip.read_bytes())
        record: dict[str, Any] = event(name)["Records"][0]
        record["s3"]["object"] |= {
            "key": key,
            "size": clip.stat().st_size,
            "eTag": put["ETag"].strip('"'),
        }
        return record

    def video(self, record: dict[str, Any]) -> Video:
        found = self.catalog.get(record["s3"]["object"]["key"].split("/")[1])
        assert found
        return found

    def thumbnails(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket="clipo-media")
        return [found["Key"] for found in listed.get("Contents", [])]


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, s3_url: str, mongodb_uri: str, ffmpeg_dir: Path
) -> Iterator[World]:
    settings = {
        "UPLOADS_BUCKET": "clipo-uploads",
        "MEDIA_BUCKET": "clipo-media",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL_S3": s3_url,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"test-{uuid.uuid4().hex}",
        "CLIPO_FFMPEG_DIR": str(ffmpeg_dir),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1")
    for bucket in ("clipo-uploads", "clipo-media"):
        s3.create_bucket(Bucket=bucket)
    module._wired.cache_clear()
    catalog = module._wired().processor.catalog
    assert isinstance(catalog, MongoCatalog)
    yield World(s3, catalog)
    catalog.close()
    module._wired.cache_clear()
    for bucket in ("clipo-uploads", "clipo-media"):
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)


def invoke(*records: dict[str, Any]) -> list[dict[str, str]]:
    return module.handler({"Records": list(records)}, FakeLambdaContext())["outcomes"]


def test_every_log_line_names_its_video(world: World, clips: Clips) -> None:
    records = [world.upload(clips["tiny.mp4"]), world.upload(clips["audio-only.mp4"])]
    records[0]["responseElements"]["x-amz-request-id"] = "FIRST"
    del records[1]["responseElements"]
    with logged() as lines:
        invoke(*records)
    ids = [world.video(record).id for record in records]
    request_id = FakeLambdaContext().aws_request_id
    keys = [
        tuple(line.get(key) for key in ("message", "request_id", "video_id", "event_id"))
        for line in lines
    ]
    assert keys == [
        ("processing started", request_id, ids[0], "FIRST"),
        ("video done", request_id, ids[0], "FIRST"),
        ("processing started", request_id, ids[1], None),
        ("video failed", request_id, ids[1], None),
    ]


def test_an_upload_becomes_done_with_a_thumbnail(world: World, clips: Clips) -> None:
    record = world.upload(clips["h264.mp4"])
    (outcome,) = invoke(record)
    found = world.video(record)
    assert outcome == {"video_id": found.id, "result": "done"}
    assert found.status is Status.DONE
    assert found.media
    assert found.thumbnail
    assert world.thumbnails() == [found.thumbnail.key]
    assert found.processing
    assert found.processing.bytes_read == clips["h264.mp4"].stat().st_size


@pytest.mark.parametrize("name", ["s3-put", "s3-multipart-completed", "invoke-retry"])
def test_every_event_of_an_upload_is_processed(world: World, clips: Clips, name: str) -> None:
    record = world.upload(clips["tiny.mp4"], name)
    assert invoke(record)[0]["result"] == "done"
    assert world.video(record).status is Status.DONE


def test_several_records_are_all_processed(world: World, clips: Clips) -> None:
    records = [world.upload(clips[name]) for name in ("h264.mp4", "text.mp4", "vp9.webm")]
    assert [outcome["result"] for outcome in invoke(*records)] == ["done", "failed", "done"]


def test_the_same_event_again_changes_nothing(world: World, clips: Clips) -> None:
    record = world.upload(clips["h264.mp4"])
    invoke(record)
    before = world.video(record)
    assert invoke(record)[0]["result"] == "duplicate"
    assert world.video(record) == before
    assert len(world.thumbnails()) == 1


def test_an_upload_over_an_earlier_one_wins(world: World, clips: Clips) -> None:
    record = world.upload(clips["h264.mp4"])
    invoke(record)
    newer = clips["portrait.mp4"]
    key = record["s3"]["object"]["key"]
    put = world.s3.put_object(Bucket="clipo-uploads", Key=key, Body=newer.read_bytes())
    second = event("s3-post")["Records"][0]
    second["s3"]["object"] |= {
        "key": key,
        "eTag": put["ETag"].strip('"'),
        "size": newer.stat().st_size,
        "sequencer": "0055AED6DCD90281E6",
    }
    assert invoke(second)[0]["result"] == "done"
    found = world.video(record)
    assert found.media
    assert (found.media.width, found.media.height) == (360, 640)
    assert found.thumbnail
    assert world.thumbnails() == [found.thumbnail.key]
    assert invoke(record)[0]["result"] == "superseded", "the earlier event comes late"


def test_an_event_that_lost_to_a_newer_upload_stops_quietly(world: World, clips: Clips) -> None:
    record = world.upload(clips["h264.mp4"])
    key = record["s3"]["object"]["key"]
    world.s3.put_object(Bucket="clipo-uploads", Key=key, Body=b"newer")
    assert invoke(record)[0]["result"] == "superseded"
    assert world.thumbnails() == []


def test_an_unknown_video_and_a_foreign_key_are_ignored(world: World, clips: Clips) -> None:
    unknown = world.upload(clips["h264.mp4"])
    unknown["s3"]["object"]["key"] = source_key(new_video_id())
    foreign = event("s3-foreign-key")["Records"][0]
    assert [outcome["result"] for outcome in invoke(unknown, foreign)] == ["unknown"]


def test_the_test_event_is_ignored(world: World) -> None:
    assert world.thumbnails() == []
    assert module.handler(event("s3-test-event"), FakeLambdaContext()) == {"outcomes": []}


def test_a_failed_record_does_not_stop_the_others(
    world: World, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.upload(clips["h264.mp4"]), world.upload(clips["vp9.webm"])
    first_id = world.video(first).id
    save = MongoCatalog.save

    def save_without_database(self: MongoCatalog, seen: Video, new: Video) -> Video | None:
        if seen.id == first_id:
            raise CatalogUnavailable("MongoDB: AutoReconnect")
        return save(self, seen, new)

    monkeypatch.setattr(MongoCatalog, "save", save_without_database)
    with pytest.raises(CatalogUnavailable):
        invoke(first, second)
    assert world.video(second).status is Status.DONE
    monkeypatch.undo()


def test_a_malformed_record_does_not_stop_the_others(world: World, clips: Clips) -> None:
    good, bad = world.upload(clips["h264.mp4"]), world.upload(clips["h264.mp4"])
    del bad["s3"]["object"]["eTag"]
    with pytest.raises(MalformedEvent, match="eTag"):
        invoke(bad, good)
    assert world.video(good).status is Status.DONE


def test_without_sequencers_a_late_event_of_a_replaced_object_changes_nothing(
    world: World, clips: Clips
) -> None:
    record = world.upload(clips["h264.mp4"])
    del record["s3"]["object"]["sequencer"]
    late = copy.deepcopy(record)
    late["s3"]["object"]["eTag"] = "0" * 32
    assert invoke(record)[0]["result"] == "done"
    before = world.video(record)
    assert invoke(late)[0]["result"] == "superseded"
    assert world.video(record) == before


def test_wiring_opens_no_connection(tmp_path: Path) -> None:
    nowhere = {
        "UPLOADS_BUCKET": "u",
        "MEDIA_BUCKET": "m",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "MONGODB_URI": "mongodb://127.0.0.1:9",
        "CLIPO_FFMPEG_DIR": str(tmp_path),
    }
    processor = wire(nowhere).processor
    assert isinstance(processor.catalog, MongoCatalog)
    assert "_client" not in vars(processor.catalog)
    assert isinstance(processor.storage, SignedStorage)
    assert "_connections" not in vars(processor.storage._s3)
