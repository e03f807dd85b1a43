"""The upkeep Lambda with real parts: S3 over HTTP and MongoDB's protocol."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.keys import source_key
from functions.core.video import Lease, Status, UploadedObject, Video
from functions.upkeep.handler import handle
from functions.upkeep.wiring import wire
from tests import moves
from tests.events import event
from tests.examples import thumbnail, uploaded, video
from tests.fakes.lambda_context import FakeLambdaContext
from tests.fakes.processing import FakeProcessing


@dataclass
class World:
    s3: Any
    settings: dict[str, str]
    catalog: MongoCatalog
    processing: FakeProcessing

    def add(self, *, stored: bool) -> Video:
        """Add a video that was announced long ago."""
        added = video(new_video_id())
        self.catalog.add(added)
        if stored:
            self.store(source_key(added.id))
        return added

    def store(self, key: str) -> None:
        bucket = "clipo-uploads" if key.startswith("uploads/") else "clipo-media"
        self.s3.put_object(Bucket=bucket, Key=key, Body=b"bytes")

    def handle(self, of: dict[str, Any], **settings: str) -> dict[str, Any]:
        wired = wire(self.settings | settings, self.processing)
        catalog = wired.sweep.catalog
        assert isinstance(catalog, MongoCatalog)
        with closing(catalog):
            return handle(of, FakeLambdaContext(), wired)

    def video(self, of: Video) -> Video:
        found = self.catalog.get(of.id)
        assert found
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, s3_url: str, mongodb_uri: str) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    settings = {
        "UPLOADS_BUCKET": "clipo-uploads",
        "MEDIA_BUCKET": "clipo-media",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": s3_url,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"test-{ObjectId()}",
    }
    s3 = boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1")
    for bucket in ("clipo-uploads", "clipo-media"):
        s3.create_bucket(Bucket=bucket)
    catalog = wire(settings, FakeProcessing()).sweep.catalog
    assert isinstance(catalog, MongoCatalog)
    catalog.ensure_schema()
    yield World(s3, settings, catalog, FakeProcessing())
    catalog.close()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(settings["MONGODB_DATABASE"])
    for bucket in ("clipo-uploads", "clipo-media"):
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)


def test_lost_events_lapsed_leases_and_missing_uploads_at_once(world: World) -> None:
    lost, stopped = world.add(stored=True), world.add(stored=True)
    worn_out = world.add(stored=True)
    world.add(stored=False)
    past = datetime.now(UTC) - timedelta(hours=1)
    moves.claim(world.catalog, uploaded(stopped.id), Lease("dead", past), now=past)
    for attempt in range(5):
        lease = Lease(str(attempt), past)
        moves.claim(world.catalog, uploaded(worn_out.id), lease, now=past)
    finished = world.add(stored=True)
    moves.fail_stuck(world.catalog, finished.id, now=past)

    report = world.handle(event("schedule"))

    assert (report["seen"], report["lost_events"], report["lapsed_leases"]) == (4, 1, 1)
    assert report["failed"] == {"timed_out": 1, "upload_expired": 1}
    started = {upload.video_id: upload for upload in world.processing.started}
    assert set(started) == {lost.id, stopped.id}
    etag = world.s3.head_object(Bucket="clipo-uploads", Key=lost.upload.key)["ETag"].strip('"')
    assert started[lost.id].source.etag == etag
    assert_claimable(world, started[lost.id])
    assert_claimable(world, started[stopped.id])


def assert_claimable(world: World, upload: UploadedObject) -> None:
    until = datetime.now(UTC) + timedelta(minutes=2)
    moves.claim(world.catalog, upload, Lease("new", until), now=datetime.now(UTC))


def test_a_failed_event_fails_its_video(world: World) -> None:
    stuck = world.add(stored=True)
    batch = event("sqs-failed-events")
    record = json.loads(batch["Records"][0]["body"])
    record["requestPayload"]["Records"][0]["s3"]["object"]["key"] = stuck.upload.key
    batch["Records"][0]["body"] = json.dumps(record)
    assert world.handle(batch) == {"batchItemFailures": []}
    found = world.video(stuck)
    assert (found.status, found.error and found.error.code) == (Status.FAILED, "retries_exhausted")


@pytest.mark.parametrize("webhooks", ["false", "true"])
def test_what_upkeep_fails_is_recorded_with_a_webhook_where_webhooks_are_on(
    world: World, webhooks: str
) -> None:
    """The next run of the webhooks function finds it: upkeep knows no receiver and no queue."""
    expired = world.add(stored=False)
    world.handle(event("schedule"), WEBHOOKS=webhooks)
    found = world.video(expired)
    assert found.status is Status.FAILED
    assert bool(found.webhook and found.webhook.due_at) is (webhooks == "true")


@pytest.mark.parametrize("delete", ["false", "true"])
def test_orphaned_objects_of_both_buckets(
    world: World, delete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MIN_AGE", "GRACE"):
        monkeypatch.setattr(f"functions.upkeep.orphans.{limit}", timedelta(0))
    kept = world.add(stored=True)
    gone = new_video_id()
    keys = [source_key(gone), thumbnail(f"thumbnails/{gone}/token.jpg").key]
    for key in keys:
        world.store(key)
    report = world.handle(event("schedule"), DELETE_ORPHANED_OBJECTS=delete)
    deleted = 2 if delete == "true" else 0
    assert report["orphaned_objects"] == {
        "listed": 3,
        "orphaned": 2,
        "deleted": deleted,
        "deletes_finished": 0,
        "late_uploads": 0,
        "finished": True,
    }
    left = [found.key for page in stored(world) for found in page]
    assert left == ([] if deleted else keys[1:]) + sorted(
        [kept.upload.key] + ([] if deleted else keys[:1])
    )


def stored(world: World) -> Iterator[list[Any]]:
    return wire(world.settings, world.processing).sweep.storage.pages(after="")
