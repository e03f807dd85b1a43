"""Other servers than the ones that come with the stack, and what happens when they stop."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.clips import Clips
from tests.faulty_stack import FaultyStack
from tests.problems import problem
from tests.running_stack import RunningStack
from tests.waiting import eventually

WAYS = [("stop", "start"), pytest.param("freeze", "thaw", marks=pytest.mark.long)]


def timed(request: Callable[[], httpx2.Response]) -> tuple[httpx2.Response, float]:
    started = time.monotonic()
    return request(), time.monotonic() - started


def upload(stack: RunningStack, clip: Path) -> httpx2.Response:
    return stack.client.post("/upload-video/", files={"file": ("a.mp4", clip.read_bytes())})


def test_other_servers_are_used(world: FaultyStack, clips: Clips) -> None:
    assert world.stack.addresses["s3"] == world.storage.url
    assert world.stack.addresses["mongodb"] == world.database.uri
    assert "secantusd" not in world.stack.children()
    assert "ministack" not in world.stack.children()
    video = world.stack.finished(world.stack.upload_signed(clips["tiny.mp4"]))
    assert video["status"] == "done"


@pytest.mark.parametrize(("end", "begin"), WAYS)
def test_without_a_database_calls_answer_503_within_5_seconds(
    world: FaultyStack, clips: Clips, end: str, begin: str
) -> None:
    stack = world.stack
    video_id = stack.upload_form(clips["tiny.mp4"])
    before = stack.finished(video_id)
    getattr(world.mongodb_server, end)()
    try:
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: stack.client.get(f"/videos/{video_id}"),
            lambda: stack.client.get("/videos"),
            lambda: stack.client.get(f"/video-status/{video_id}"),
            lambda: stack.client.post("/videos", json={"filename": "a.mp4", "size": 5}),
            lambda: upload(stack, clips["tiny.mp4"]),
            lambda: stack.client.post(f"/videos/{video_id}/retry"),
            lambda: stack.client.post(f"/videos/{video_id}/upload/sign", json={"method": "PUT"}),
            lambda: stack.client.delete(f"/videos/{video_id}"),
        ]
        assert_unavailable(calls, "catalog_unavailable")
        assert stack.client.get("/health").status_code == 200
    finally:
        getattr(world.mongodb_server, begin)()
    assert answer(stack, f"/videos/{video_id}").json() == before
    assert stack.finished(stack.upload_form(clips["tiny.mp4"]))["status"] == "done"


@pytest.mark.parametrize(("end", "begin"), WAYS)
def test_without_storage_calls_that_need_it_answer_503_within_5_seconds(
    world: FaultyStack, clips: Clips, end: str, begin: str
) -> None:
    stack = world.stack
    video_id = stack.upload_form(clips["tiny.mp4"])
    stack.finished(video_id)
    recorded = world.videos.count_documents({})
    getattr(world.s3_server, end)()
    try:
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: upload(stack, clips["tiny.mp4"]),
            lambda: stack.client.get(f"/thumbnails/{video_id}.jpg"),
        ]
        assert_unavailable(calls, "storage_unavailable")
        assert stack.client.get(f"/videos/{video_id}").json()["status"] == "done"
    finally:
        getattr(world.s3_server, begin)()
    assert answer(stack, f"/thumbnails/{video_id}.jpg").content.startswith(b"\xff\xd8\xff")
    assert world.videos.count_documents({}) == recorded, "no half-made record"
    assert stack.finished(stack.upload_form(clips["tiny.mp4"]))["status"] == "done"


@pytest.mark.parametrize(("end", "begin"), WAYS)
def test_verbs_that_storage_cut_short_can_be_repeated(
    world: FaultyStack, clips: Clips, end: str, begin: str
) -> None:
    client = world.stack.client
    done = world.stack.upload_form(clips["tiny.mp4"])
    failed = world.stack.upload_form(clips["text.mp4"], "text.mp4")
    for video_id in (done, failed):
        world.stack.finished(video_id)
    getattr(world.s3_server, end)()
    try:
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: client.delete(f"/videos/{done}"),
            lambda: client.post(f"/videos/{failed}/retry"),
        ]
        assert_unavailable(calls, "storage_unavailable")
        assert client.get(f"/videos/{done}").status_code == 404
        assert client.get(f"/videos/{failed}").json()["status"] == "failed"
    finally:
        getattr(world.s3_server, begin)()
    assert world.stack.objects_of(done), "the call got no further than the record"
    assert client.delete(f"/videos/{done}").status_code == 204
    assert not world.stack.objects_of(done)
    assert client.post(f"/videos/{failed}/retry").status_code == 202


def assert_unavailable(calls: list[Callable[[], httpx2.Response]], code: str) -> None:
    """Make all calls at once: they may not queue up behind each other either."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for response, seconds in pool.map(timed, calls):
            assert problem(response)["code"] == code
            assert response.status_code == 503
            # The limits of a call are 4 s and 5 s. Waits for others would add up.
            assert seconds < 7.5


def answer(stack: RunningStack, path: str) -> httpx2.Response:
    """Wait until the API can answer."""

    def look() -> httpx2.Response | None:
        response = stack.client.get(path)
        return response if response.status_code == 200 else None

    return eventually(look)
