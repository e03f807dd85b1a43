"""`clipo up` from start to end."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from clipo.ports import free_port
from tests.clips import Clips
from tests.servers import assert_ended
from tests.stack import RunningStack, launch, running_stack


def assert_gone(pids: list[int]) -> None:
    for pid in pids:
        assert_ended(pid)


def descendants(pid: int) -> list[int]:
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    children = [int(line) for line in listing.stdout.split()]
    return children + [below for child in children for below in descendants(child)]


def test_the_welcome_says_where_everything_is_and_what_to_type(stack: RunningStack) -> None:
    welcome = stack.output
    for address in (stack.api, f"{stack.api}/docs", *stack.addresses.values()):
        assert address in welcome
    assert f"curl -F file=@clip.mp4 {stack.api}/upload-video/" in welcome
    assert "ffmpeg" in welcome


def test_a_second_start_keeps_yesterdays_videos(tmp_path: Path, clips: Clips) -> None:
    with running_stack(tmp_path) as first:
        video_id = first.upload_form(clips["h264.mp4"])
        before = first.finished(video_id)
        assert first.stop() == 0
    with running_stack(tmp_path, int(first.api.rpartition(":")[2])) as second:
        assert second.client.get(f"/videos/{video_id}").json() == before
        assert second.client.get(f"/thumbnails/{video_id}.jpg").status_code == 200
        assert second.finished(second.upload_form(clips["tiny.mp4"]))["status"] == "done"


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        assert len(pids) >= 6, "four parts, and the sandboxes of processing"
        assert stack.stop() == 0
        assert_gone(pids)
        assert not (tmp_path / "stack.json").exists()
        assert "Traceback" not in stack.output


def test_sigterm_ends_it_as_well(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        stack.process.terminate()
        assert stack.process.wait(30) == 0
        assert_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_nothing_outlives_a_stack_that_was_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        stack.process.kill()
        stack.process.wait()
        assert_gone(pids)


@pytest.mark.parametrize("name", ["ministack", "secantusd", "clipo.local_api", "clipo.dispatcher"])
def test_a_part_that_dies_is_reported_and_ends_the_stack(tmp_path: Path, name: str) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        os.kill(stack.children()[name], signal.SIGKILL)
        assert stack.process.wait(30) == 1
        assert "has stopped, exit code -9" in stack.output
        assert "Its last lines" in stack.output
        assert_gone(pids)


def test_a_taken_port_is_worked_around_and_shown(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", free_port(18500, taken=set())))
        somebody.listen()
        port = somebody.getsockname()[1]
        with running_stack(tmp_path, port) as stack:
            assert stack.api != f"http://localhost:{port}"
            assert f"Port {port} is taken" in stack.output
            assert stack.client.get("/health").status_code == 200


def test_a_second_stack_in_one_folder_is_refused(stack: RunningStack) -> None:
    second = launch(stack.home / "..", 18900, CLIPO_HOME=str(stack.home))
    assert second.process.wait(30) == 1
    assert "already running" in second.output
    assert httpx2.get(f"{stack.api}/health").status_code == 200


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    stack = launch(tmp_path, 1, PORT=port)
    assert stack.process.wait(30) == 1
    assert "PORT must be" in stack.output


def test_an_ffmpeg_that_is_not_there_is_named(tmp_path: Path) -> None:
    stack = launch(tmp_path, 18950, CLIPO_FFMPEG_DIR=str(tmp_path))
    assert stack.process.wait(30) == 1
    assert "CLIPO_FFMPEG_DIR" in stack.output


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    uri = "mongodb://me:hunter2@127.0.0.1:9/?directConnection=true"
    stack = launch(tmp_path, 18960, MONGODB_URI=uri)
    assert stack.process.wait(60) == 1
    assert "127.0.0.1:9" in stack.output
    assert "hunter2" not in stack.output


def test_a_change_of_the_code_is_served_without_a_restart(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        before = stack.children()
        (Path(__file__).parents[2] / "functions" / "api" / "__init__.py").touch()
        deadline = time.monotonic() + 30
        while set(stack.children().values()) & {before["clipo.local_api"]}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while True:
            try:
                assert stack.client.get("/health").status_code == 200
                break
            except httpx2.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert stack.children()["ministack"] == before["ministack"]
