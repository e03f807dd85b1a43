"""What is stuck on the running stack is started again or failed, whatever got lost."""

from datetime import UTC, datetime
from typing import Any

from functions.core.keys import source_key
from tests.clips import Clips
from tests.faulty_stack import FaultyStack
from tests.killing import kill_with_children
from tests.waiting import eventually


def test_an_upload_whose_event_was_lost_is_processed(world: FaultyStack, clips: Clips) -> None:
    stack = world.stack
    with world.without_events():
        video_id = stack.upload_signed(clips["tiny.mp4"])
    world.age(video_id, "upload.expires_at", "updated_at", "claimable_at")
    video = stack.finished(video_id)
    assert (video["status"], video["attempts"]) == ("done", 1)
    line = f"{video_id}  retry       its event was lost: it is started again"
    eventually(lambda: line in stack.output)


def test_an_event_that_was_only_late_changes_nothing(world: FaultyStack, clips: Clips) -> None:
    stack = world.stack
    with world.without_events():
        video_id = stack.upload_signed(clips["tiny.mp4"])
    world.age(video_id, "upload.expires_at", "updated_at", "claimable_at")
    before = stack.finished(video_id)
    world.send("clipo-events", world.event(video_id))
    eventually(lambda: world.record(video_id)["source"]["sequencer"].startswith("0A"))
    assert stack.client.get(f"/videos/{video_id}").json() == before


def test_an_upload_that_never_came_fails_with_a_sentence(world: FaultyStack, clips: Clips) -> None:
    video_id = world.stack.create(clips["tiny.mp4"])["id"]
    world.age(video_id, "upload.expires_at", "updated_at", "claimable_at")
    video = world.stack.finished(video_id)
    assert video["status"] == "failed"
    assert video["error"] == {
        "code": "upload_expired",
        "message": "The file was not uploaded in time. Upload it as a new video.",
        "retryable": False,
    }
    eventually(lambda: f"{video_id}  failed      upload_expired" in world.stack.output)


def test_an_upload_that_came_after_all_is_processed(world: FaultyStack, clips: Clips) -> None:
    created = world.stack.create(clips["tiny.mp4"])
    world.age(created["id"], "upload.expires_at", "updated_at", "claimable_at")
    assert world.stack.finished(created["id"])["status"] == "failed"
    content = clips["tiny.mp4"].read_bytes()
    world.s3.put_object(Bucket="clipo-uploads", Key=source_key(created["id"]), Body=content)
    eventually(lambda: world.stack.client.get(f"/videos/{created['id']}").json()["thumbnail"])
    video = world.stack.finished(created["id"])
    assert (video["status"], video["error"]) == ("done", None)


def test_a_worker_that_was_killed_is_replaced(world: FaultyStack, clips: Clips) -> None:
    gate = world.gate("ffmpeg", "begin")
    video_id = world.stack.upload_form(clips["tiny.mp4"])
    kill_with_children(world.environment_above(gate.await_reached()))
    gate.open()
    lose_events(world)
    assert world.stack.client.get(f"/videos/{video_id}").json()["status"] == "processing"
    world.age(video_id, "lease.until", "claimable_at")
    video = world.stack.finished(video_id)
    assert (video["status"], video["attempts"]) == ("done", 2)
    eventually(lambda: f"{video_id}  retry       its worker has stopped" in world.stack.output)


def lose_events(world: FaultyStack) -> None:
    """Take all events off the queue, also those that come again in a moment."""
    while world.waiting("clipo-events"):
        world.sqs.purge_queue(QueueUrl=world.queue("clipo-events"))


def failure_record(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
    }


def test_a_video_whose_event_failed_all_retries_fails_and_a_done_one_stays(
    world: FaultyStack, clips: Clips
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
    eventually(lambda: f"{stuck}  failed      retries_exhausted" in stack.output)
    assert stack.client.get(f"/videos/{done}").json() == before


def test_what_is_no_failed_event_is_taken_off_the_queue(world: FaultyStack) -> None:
    world.send("clipo-failed-events", "no record of Lambda's")
    log = world.stack.home / "logs" / "upkeep.log"
    eventually(lambda: "failed event not understood" in log.read_text())
    eventually(lambda: world.waiting("clipo-failed-events") == 0)
