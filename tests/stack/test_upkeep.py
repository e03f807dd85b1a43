"""What is stuck on the running stack is started again or failed, whatever got lost."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import boto3
import psutil
import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.core.keys import source_key
from tests.clips import Clips
from tests.running_stack import RunningStack, running_stack

PAST = timedelta(hours=1)

T = TypeVar("T")


@dataclass
class World:
    stack: RunningStack
    slow: Path
    """While this file is there, ffmpeg takes its time."""
    videos: Any
    s3: Any
    sqs: Any

    def age(self, video_id: str, *fields: str) -> None:
        """Let an hour pass for some moments of a record."""
        one = {"_id": ObjectId(video_id)}
        moment = datetime.now(UTC) - PAST
        result = self.videos.update_one(one, {"$set": dict.fromkeys(fields, moment)})
        assert result.matched_count == 1

    @contextmanager
    def without_events(self) -> Iterator[None]:
        """Have S3 tell nobody of what is uploaded."""
        kept = self.s3.get_bucket_notification_configuration(Bucket="clipo-uploads")
        kept.pop("ResponseMetadata")
        self._notify()
        try:
            yield
        finally:
            self._notify(**kept)

    def _notify(self, **configuration: Any) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket="clipo-uploads", NotificationConfiguration=configuration
        )

    def event(self, video_id: str) -> dict[str, Any]:
        """Return the event that S3 would have sent."""
        key = source_key(video_id)
        head = self.s3.head_object(Bucket="clipo-uploads", Key=key)
        stored = {"key": key, "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
        record = {
            "eventName": "ObjectCreated:Post",
            "s3": {"bucket": {"name": "clipo-uploads"}, "object": stored | {"sequencer": "0A"}},
        }
        return {"Records": [record]}

    def send(self, queue: str, body: object) -> None:
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def sandbox_at_work(self) -> psutil.Process | None:
        """Return the process that stands for the Lambda in which ffmpeg runs."""
        for process in psutil.Process(self.stack.children()["clipo.local.dispatcher"]).children():
            if any(below.name() == "sleep" for below in process.children(recursive=True)):
                return process
        return None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("ffmpeg")
    slow = folder / "slow"
    (folder / "ffprobe").symlink_to(ffmpeg_dir / "ffprobe")
    (folder / "ffmpeg").write_text(
        f'#!/bin/sh\n[ -e {slow} ] && sleep 20\nexec {ffmpeg_dir}/ffmpeg "$@"\n'
    )
    (folder / "ffmpeg").chmod(0o755)
    settings = {"CLIPO_UPKEEP_SECONDS": "1", "CLIPO_FFMPEG_DIR": str(folder)}
    with running_stack(tmp_path_factory.mktemp("clipo"), None, **settings) as stack:
        keys = json.loads((stack.home / "credentials.json").read_text())
        session = boto3.Session(keys["access_key"], keys["secret"], region_name="us-east-1")
        endpoint = stack.addresses["s3"]
        with MongoClient[dict[str, Any]](stack.addresses["mongodb"]) as mongo:
            yield World(
                stack,
                slow,
                videos=mongo.clipo.videos,
                s3=session.client("s3", endpoint_url=endpoint),
                sqs=session.client("sqs", endpoint_url=endpoint),
            )


def eventually(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 30
    while not (seen := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return seen


def test_an_upload_whose_event_was_lost_is_processed(world: World, clips: Clips) -> None:
    stack = world.stack
    with world.without_events():
        video_id = stack.upload_signed(clips["tiny.mp4"])
    world.age(video_id, "upload.expires_at", "updated_at")
    video = stack.finished(video_id)
    assert (video["status"], video["attempts"]) == ("done", 1)
    assert f"{video_id}  retry       its event was lost: it is started again" in stack.output


def test_an_event_that_was_only_late_changes_nothing(world: World, clips: Clips) -> None:
    stack = world.stack
    with world.without_events():
        video_id = stack.upload_signed(clips["tiny.mp4"])
    world.age(video_id, "upload.expires_at", "updated_at")
    before = stack.finished(video_id)
    world.send("clipo-events", world.event(video_id))
    one = {"_id": ObjectId(video_id)}
    eventually(lambda: world.videos.find_one(one)["source"]["sequencer"].startswith("0A"))
    assert stack.client.get(f"/videos/{video_id}").json() == before


def test_an_upload_that_never_came_fails_with_a_sentence(world: World, clips: Clips) -> None:
    video_id = world.stack.create(clips["tiny.mp4"])["id"]
    world.age(video_id, "upload.expires_at", "updated_at")
    video = world.stack.finished(video_id)
    assert video["status"] == "failed"
    assert video["error"] == {
        "code": "upload_expired",
        "message": "The file was not uploaded in time. Upload it as a new video.",
        "retryable": False,
    }
    assert f"{video_id}  failed      upload_expired" in world.stack.output


def test_an_upload_that_came_after_all_is_processed(world: World, clips: Clips) -> None:
    created = world.stack.create(clips["tiny.mp4"])
    world.age(created["id"], "upload.expires_at", "updated_at")
    assert world.stack.finished(created["id"])["status"] == "failed"
    content = clips["tiny.mp4"].read_bytes()
    world.s3.put_object(Bucket="clipo-uploads", Key=source_key(created["id"]), Body=content)
    eventually(lambda: world.stack.client.get(f"/videos/{created['id']}").json()["thumbnail"])
    video = world.stack.finished(created["id"])
    assert (video["status"], video["error"]) == ("done", None)


def test_a_worker_that_was_killed_is_replaced(world: World, clips: Clips) -> None:
    world.slow.touch()
    video_id = world.stack.upload_form(clips["tiny.mp4"])
    sandbox = eventually(world.sandbox_at_work)
    children = sandbox.children(recursive=True)
    sandbox.send_signal(signal.SIGKILL)
    for child in children:
        if child.is_running():
            child.kill()
    world.slow.unlink()
    assert world.stack.client.get(f"/videos/{video_id}").json()["status"] == "processing"
    world.age(video_id, "lease.until", "claimable_at")
    video = world.stack.finished(video_id)
    assert (video["status"], video["attempts"]) == ("done", 2)
    assert f"{video_id}  retry       its worker has stopped" in world.stack.output


def failure_record(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
    }


def test_a_video_whose_event_failed_all_retries_fails_and_a_done_one_stays(
    world: World, clips: Clips
) -> None:
    stack = world.stack
    done = stack.upload_form(clips["tiny.mp4"])
    before = stack.finished(done)
    with world.without_events():
        stuck = stack.upload_signed(clips["tiny.mp4"])
    for video_id in (done, stuck):
        world.send("clipo-failed-events", failure_record(world.event(video_id)))
    video = stack.finished(stuck)
    assert (video["status"], video["error"]["code"]) == ("failed", "retries_exhausted")
    assert f"{stuck}  failed      retries_exhausted" in stack.output
    assert stack.client.get(f"/videos/{done}").json() == before


def test_what_is_no_failed_event_is_taken_off_the_queue(world: World) -> None:
    queue = world.sqs.get_queue_url(QueueName="clipo-failed-events")["QueueUrl"]
    world.send("clipo-failed-events", "no record of Lambda's")
    log = world.stack.home / "logs" / "upkeep.log"
    eventually(lambda: "failed event not understood" in log.read_text())
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting() -> int:
        found = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    eventually(lambda: waiting() == 0)
