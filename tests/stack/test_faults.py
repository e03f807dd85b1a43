"""What fails on the running stack, at chosen points: all videos are finished, right and once.

CLIPO_SEED chooses other orders. Other points than these are tried by `make soak`.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from bson import ObjectId
from pymongo import MongoClient

from tests.clips import Clips
from tests.fault_proxy import FAULTS_OF_S3, Fault, MongoProxy, S3Proxy, Trap, running
from tests.running_stack import RunningStack, post_form, running_stack
from tests.servers import MongoDB, mongodb, s3
from tests.time_travel import let_time_pass

SEED = int(os.environ.get("CLIPO_SEED", "1"))
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALTEST", "AWS_SECRET_ACCESS_KEY": "secret"}
OLD = timedelta(seconds=4)
"""A lease of this age has lost its worker, or can do without it."""

PROGRAMS = ["ffprobe", "ffmpeg"]
STUB = """#!/bin/sh
wait_at() {{
  [ -e {folder}/$1 ] || return
  echo $$ >{folder}/$1.new && mv {folder}/$1.new {folder}/$1.reached
  while [ -e {folder}/$1 ]; do sleep 0.05; done
}}
wait_at {name}-begin
{real}/{name} "$@"
status=$?
wait_at {name}-end
exit $status
"""


@dataclass
class World:
    stack: RunningStack
    folder: Path
    """Where files tell ffprobe and ffmpeg to wait."""
    storage: S3Proxy
    database: MongoProxy
    server: MongoDB
    videos: Any
    s3: Any
    sqs: Any

    def announce(self, clip: Path) -> dict[str, Any]:
        return self.stack.create(clip)

    def upload(self, created: dict[str, Any], clip: Path) -> str:
        response = post_form(created["upload"], clip.read_bytes())
        assert response.status_code == 204, response.text
        return str(created["id"])

    def let_time_pass(self, old: timedelta = OLD) -> None:
        let_time_pass(self.videos, workers=old, waiting=old)

    def finished(self, video_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            try:
                video: dict[str, Any] = self.stack.client.get(f"/videos/{video_id}").json()
            except ValueError:
                video = {}
            if video.get("status") in ("done", "failed"):
                return video
            assert time.monotonic() < deadline, (video, self.stack.output[-3000:])
            self.let_time_pass()
            time.sleep(0.2)

    def bury(self) -> None:
        """Let the lease end of a worker that was killed, before its event comes again.

        On AWS the lease ends before the last delivery; here events come again after a second.
        """
        time.sleep(0.2)
        self.let_time_pass(old=timedelta(0))

    def assert_right_and_once(self, *video_ids: str) -> None:
        for video_id in video_ids:
            video = self.finished(video_id)
            assert video["status"] == "done", video
            record = self.videos.find_one({"_id": ObjectId(video_id)})
            picture = self.s3.get_object(Bucket="clipo-media", Key=record["thumbnail"]["key"])
            assert picture["Body"].read().startswith(b"\xff\xd8\xff")
            head = self.s3.head_object(Bucket="clipo-uploads", Key=record["upload"]["key"])
            assert head["ETag"].strip('"') == record["source"]["etag"]
            assert self.logged("video done", video_id) <= 1, "once"

    def logged(self, message: str, video_id: str) -> int:
        lines = (self.stack.home / "logs" / "processing.log").read_text().splitlines()
        return sum(f'"{message}"' in line and video_id in line for line in lines)

    def sandbox(self, tells: Callable[[psutil.Process], bool]) -> psutil.Process:
        dispatcher = psutil.Process(self.stack.children()["clipo.local.dispatcher"])
        return next(child for child in dispatcher.children() if tells(child))

    def sandbox_of(self, trap: Trap) -> psutil.Process:
        def holds(process: psutil.Process) -> bool:
            return any(c.laddr.port == trap.client_port for c in process.net_connections("tcp"))

        return self.sandbox(holds)

    def sandbox_above(self, pid: int) -> psutil.Process:
        above = {process.pid for process in psutil.Process(pid).parents()}
        return self.sandbox(lambda process: process.pid in above)


def kill(sandbox: psutil.Process) -> None:
    """As Lambda ends an environment: with all that runs in it."""
    children = sandbox.children(recursive=True)
    sandbox.send_signal(signal.SIGKILL)
    for child in children:
        if child.is_running():
            child.kill()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("stubs")
    for name in PROGRAMS:
        (folder / name).write_text(STUB.format(folder=folder, name=name, real=ffmpeg_dir))
        (folder / name).chmod(0o755)
    with (
        s3(tmp_path_factory.mktemp("s3"), CREDENTIALS) as storage,
        mongodb(tmp_path_factory.mktemp("mongodb")) as server,
        running(before_s3 := S3Proxy(storage.port), before_mongo := MongoProxy(server.port)),
        running_stack(
            tmp_path_factory.mktemp("clipo"),
            None,
            MONGODB_URI=before_mongo.uri,
            AWS_ENDPOINT_URL_S3=before_s3.url,
            AWS_ENDPOINT_URL_SQS=storage.url,
            CLIPO_FFMPEG_DIR=str(folder),
            CLIPO_UPKEEP_SECONDS="1",
            CLIPO_RETRY_SECONDS="1",
            **CREDENTIALS,
        ) as stack,
        MongoClient[dict[str, Any]](server.uri) as mongo,
    ):
        session = boto3.Session("LOCALTEST", "secret", region_name="us-east-1")
        yield World(
            stack,
            folder,
            before_s3,
            before_mongo,
            server,
            mongo.clipo.videos,
            s3=session.client("s3", endpoint_url=storage.url),
            sqs=session.client("sqs", endpoint_url=storage.url),
        )


Place = Callable[[World, str], Trap]


def claim(fault: Fault) -> Place:
    return lambda world, video_id: world.database.trap(
        fault, ObjectId(video_id).binary, b"lease", b"attempts", b"claimable_at"
    )


def complete(fault: Fault) -> Place:
    return lambda world, video_id: world.database.trap(
        fault, ObjectId(video_id).binary, b"thumbnails/", b"$unset"
    )


def reading(fault: Fault, times: int = 1) -> Place:
    return lambda world, video_id: world.storage.trap(
        fault, b"GET /clipo-uploads/uploads/" + video_id.encode(), times=times
    )


def publishing(fault: Fault, times: int = 1) -> Place:
    return lambda world, video_id: world.storage.trap(
        fault, b"PUT /clipo-media/thumbnails/" + video_id.encode(), times=times
    )


PLACES = {
    f"{when} {name}": place(fault)
    for name, place in {
        "claim": claim,
        "read": reading,
        "publish": publishing,
        "complete": complete,
    }.items()
    for when, fault in {"before": Fault.HOLD_BEFORE, "after": Fault.HOLD_AFTER}.items()
}


@pytest.mark.parametrize("name", PLACES)
def test_a_worker_killed_between_two_requests(world: World, clips: Clips, name: str) -> None:
    created = world.announce(clips["tiny.mp4"])
    trap = PLACES[name](world, created["id"])
    video_id = world.upload(created, clips["tiny.mp4"])
    assert trap.reached.wait(20), world.stack.output
    kill(world.sandbox_of(trap))
    trap.go_on.set()
    world.bury()
    world.assert_right_and_once(video_id)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("moment", ["begin", "end"])
def test_a_worker_killed_while_a_program_runs(
    world: World, clips: Clips, program: str, moment: str
) -> None:
    gate = world.folder / f"{program}-{moment}"
    reached = gate.with_suffix(".reached")
    gate.touch()
    video_id = world.upload(world.announce(clips["tiny.mp4"]), clips["tiny.mp4"])
    eventually(reached.exists)
    kill(world.sandbox_above(int(reached.read_text())))
    gate.unlink()
    reached.unlink()
    world.bury()
    world.assert_right_and_once(video_id)


@pytest.mark.parametrize("name", [name for name in PLACES if "claim" in name or "complete" in name])
def test_a_database_that_crashes_and_comes_back(world: World, clips: Clips, name: str) -> None:
    created = world.announce(clips["tiny.mp4"])
    trap = PLACES[name](world, created["id"])
    video_id = world.upload(created, clips["tiny.mp4"])
    assert trap.reached.wait(20), world.stack.output
    world.server.stop()
    trap.go_on.set()
    world.server.start()
    world.assert_right_and_once(video_id)


@pytest.mark.parametrize("place", [reading, publishing])
def test_storage_that_fails_in_every_way(
    world: World, clips: Clips, place: Callable[[Fault, int], Place]
) -> None:
    """Two times, which botocore or the reader outlives, and six times, which the event does.

    An attempt sends a request three times, and an event has three attempts.
    """
    video_ids = []
    for fault in FAULTS_OF_S3:
        for times in (2, 6):
            created = world.announce(clips["tiny.mp4"])
            place(fault, times)(world, created["id"])
            video_ids.append(world.upload(created, clips["tiny.mp4"]))
    world.assert_right_and_once(*video_ids)


def queue(world: World) -> str:
    return str(world.sqs.get_queue_url(QueueName="clipo-events")["QueueUrl"])


def waiting_events(world: World) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = world.sqs.get_queue_attributes(QueueUrl=queue(world), AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def event(world: World, video_id: str) -> str:
    """Return the event that S3 has sent of an upload."""
    key = f"uploads/{video_id}/source"
    head = world.s3.head_object(Bucket="clipo-uploads", Key=key)
    stored = {"key": key, "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
    bucket = {"name": "clipo-uploads"}
    created = {"eventName": "ObjectCreated:Post", "s3": {"bucket": bucket, "object": stored}}
    return json.dumps({"Records": [created]})


def test_every_event_three_times_in_any_order(world: World, clips: Clips) -> None:
    with without_events(world):
        created = [world.announce(clips["tiny.mp4"]) for _ in range(8)]
        video_ids = [world.upload(one, clips["tiny.mp4"]) for one in created]
    messages = [event(world, video_id) for video_id in video_ids] * 3
    random.Random(SEED).shuffle(messages)
    for message in messages:
        world.sqs.send_message(QueueUrl=queue(world), MessageBody=message)
    world.assert_right_and_once(*video_ids)


@contextmanager
def without_events(world: World) -> Iterator[None]:
    """Have S3 tell nobody of what is uploaded."""
    kept = world.s3.get_bucket_notification_configuration(Bucket="clipo-uploads")
    del kept["ResponseMetadata"]
    notify(world, {})
    try:
        yield
    finally:
        notify(world, kept)


def notify(world: World, configuration: dict[str, Any]) -> None:
    world.s3.put_bucket_notification_configuration(
        Bucket="clipo-uploads", NotificationConfiguration=configuration
    )


def test_events_that_were_lost(world: World, clips: Clips) -> None:
    with without_events(world):
        created = [world.announce(clips["tiny.mp4"]) for _ in range(4)]
        video_ids = [world.upload(one, clips["tiny.mp4"]) for one in created]
    world.assert_right_and_once(*video_ids)


def test_200_events_of_one_video_at_once(world: World, clips: Clips) -> None:
    log = world.stack.home / "logs" / "processing.log"
    before = len(log.read_text())
    with without_events(world):
        video_id = world.upload(world.announce(clips["h264.mp4"]), clips["h264.mp4"])
    message = event(world, video_id)
    for start in range(0, 200, 10):
        entries = [{"Id": str(start + n), "MessageBody": message} for n in range(10)]
        world.sqs.send_message_batch(QueueUrl=queue(world), Entries=entries)
    world.assert_right_and_once(video_id)
    eventually(lambda: waiting_events(world) == 0)
    assert world.logged("video done", video_id) == 1
    listed = world.s3.list_objects_v2(Bucket="clipo-media", Prefix=f"thumbnails/{video_id}/")
    assert listed["KeyCount"] == 1
    lines = [json.loads(line) for line in log.read_text()[before:].splitlines() if line[:1] == "{"]
    assert [line for line in lines if line["level"] == "ERROR"] == []
    assert sum(line["message"] == "nothing to do" for line in lines) >= 190


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Put a disk over a folder that is full."""
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        (folder / "filler").write_bytes(bytes(56 << 10))
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(world: World, clips: Clips) -> None:
    log = world.stack.home / "logs" / "processing.log"
    with full_disk(world.stack.home / "tmp"):
        video_id = world.upload(world.announce(clips["h264.mp4"]), clips["h264.mp4"])
        eventually(lambda: "No space left" in log.read_text())
    world.assert_right_and_once(video_id)


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)
