"""What fails on the running stack, at chosen points: all videos are finished, right and once.

CLIPO_SEED chooses other orders. Other points than these are tried by `make soak`.
"""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from bson import ObjectId

from tests.clips import Clips
from tests.fault_proxy import FAULTS_OF_S3, Fault, Trap
from tests.faulty_stack import PROGRAMS, FaultyStack
from tests.killing import kill_with_children
from tests.waiting import eventually

pytestmark = pytest.mark.long

SEED = int(os.environ.get("CLIPO_SEED", "1"))


def assert_right_and_once(world: FaultyStack, *video_ids: str) -> None:
    for video_id in video_ids:
        video = world.finished(video_id)
        assert video["status"] == "done", video
        record = world.record(video_id)
        picture = world.s3.get_object(Bucket="clipo-media", Key=record["thumbnail"]["key"])
        assert picture["Body"].read().startswith(b"\xff\xd8\xff")
        head = world.s3.head_object(Bucket="clipo-uploads", Key=record["upload"]["key"])
        assert head["ETag"].strip('"') == record["source"]["etag"]
        assert logged(world, "video done", video_id) <= 1, "once"


def logged(world: FaultyStack, message: str, video_id: str) -> int:
    lines = (world.stack.home / "logs" / "processing.log").read_text().splitlines()
    return sum(f'"{message}"' in line and video_id in line for line in lines)


def bury(world: FaultyStack, video_id: str) -> None:
    """Let the lease end of a worker that was killed, before its event comes again.

    The claim of such a worker may still be on its way to the database.

    On AWS the lease ends before the last delivery; here events come again after a second.
    """
    eventually(lambda: world.record(video_id)["status"] != "pending")
    world.let_time_pass(old=timedelta(0))


Place = Callable[[FaultyStack, str], Trap]


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
def test_a_worker_killed_between_two_requests(world: FaultyStack, clips: Clips, name: str) -> None:
    created = world.stack.create(clips["tiny.mp4"])
    trap = PLACES[name](world, created["id"])
    video_id = world.upload(created, clips["tiny.mp4"])
    assert trap.reached.wait(20), world.stack.output
    kill_with_children(world.environment_of(trap))
    trap.go_on.set()
    bury(world, video_id)
    assert_right_and_once(world, video_id)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("moment", ["begin", "end"])
def test_a_worker_killed_while_a_program_runs(
    world: FaultyStack, clips: Clips, program: str, moment: str
) -> None:
    gate = world.gate(program, moment)
    video_id = world.upload(world.stack.create(clips["tiny.mp4"]), clips["tiny.mp4"])
    kill_with_children(world.environment_above(gate.await_reached()))
    gate.open()
    bury(world, video_id)
    assert_right_and_once(world, video_id)


@pytest.mark.parametrize("name", [name for name in PLACES if "claim" in name or "complete" in name])
def test_a_database_that_crashes_and_comes_back(
    world: FaultyStack, clips: Clips, name: str
) -> None:
    created = world.stack.create(clips["tiny.mp4"])
    trap = PLACES[name](world, created["id"])
    video_id = world.upload(created, clips["tiny.mp4"])
    assert trap.reached.wait(20), world.stack.output
    world.mongodb_server.stop()
    trap.go_on.set()
    world.mongodb_server.start()
    assert_right_and_once(world, video_id)


@pytest.mark.parametrize("place", [reading, publishing])
def test_storage_that_fails_in_every_way(
    world: FaultyStack, clips: Clips, place: Callable[[Fault, int], Place]
) -> None:
    """Two times, which botocore or the reader outlives, and six times, which the event does.

    An attempt sends a request three times, and an event has three attempts.
    """
    video_ids = []
    for fault in FAULTS_OF_S3:
        for times in (2, 6):
            created = world.stack.create(clips["tiny.mp4"])
            place(fault, times)(world, created["id"])
            video_ids.append(world.upload(created, clips["tiny.mp4"]))
    assert_right_and_once(world, *video_ids)


def test_every_event_three_times_in_any_order(world: FaultyStack, clips: Clips) -> None:
    with world.without_events():
        created = [world.stack.create(clips["tiny.mp4"]) for _ in range(8)]
        video_ids = [world.upload(one, clips["tiny.mp4"]) for one in created]
    events = [world.event(video_id) for video_id in video_ids] * 3
    random.Random(SEED).shuffle(events)
    for event in events:
        world.send("clipo-events", event)
    assert_right_and_once(world, *video_ids)


def test_events_that_were_lost(world: FaultyStack, clips: Clips) -> None:
    with world.without_events():
        created = [world.stack.create(clips["tiny.mp4"]) for _ in range(4)]
        video_ids = [world.upload(one, clips["tiny.mp4"]) for one in created]
    assert_right_and_once(world, *video_ids)


def test_200_events_of_one_video_at_once(world: FaultyStack, clips: Clips) -> None:
    log = world.stack.home / "logs" / "processing.log"
    before = len(log.read_text())
    with world.without_events():
        video_id = world.upload(world.stack.create(clips["h264.mp4"]), clips["h264.mp4"])
    queue, message = world.queue("clipo-events"), json.dumps(world.event(video_id))
    for start in range(0, 200, 10):
        entries = [{"Id": str(start + n), "MessageBody": message} for n in range(10)]
        world.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert_right_and_once(world, video_id)
    eventually(lambda: world.waiting("clipo-events") == 0)
    assert logged(world, "video done", video_id) == 1
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


def test_a_full_disk(world: FaultyStack, clips: Clips) -> None:
    log = world.stack.home / "logs" / "processing.log"
    with full_disk(world.stack.home / "tmp"):
        video_id = world.upload(world.stack.create(clips["h264.mp4"]), clips["h264.mp4"])
        eventually(lambda: "No space left" in log.read_text())
    assert_right_and_once(world, video_id)
