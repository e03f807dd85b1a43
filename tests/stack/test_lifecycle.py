"""`clipo up` from start to end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from clipo.local.ports import free_port
from tests.clips import Clips
from tests.running_stack import RunningStack, await_ready, launch, launched, running_stack
from tests.servers import assert_ended

_REPOSITORY = Path(__file__).parents[2]


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
    assert f"Page     {stack.api}/\n" in welcome
    assert "clipo upload --sample" in welcome
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_ways_to_end_it_are_as_clean(tmp_path: Path, number: signal.Signals) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        stack.process.send_signal(number)
        assert stack.process.wait(30) == 0
        assert_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_nothing_outlives_a_stack_that_was_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        pids = descendants(stack.process.pid)
        stack.process.kill()
        stack.process.wait()
        assert_gone(pids)


@pytest.mark.parametrize(
    "name",
    [
        "ministack",
        "secantusd",
        "clipo.local.api_server",
        "clipo.local.dispatcher",
        "clipo.local.upkeep",
    ],
)
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


def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
    tmp_path: Path, clips: Clips
) -> None:
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:9")
    with running_stack(tmp_path, None, **proxy) as stack:
        assert stack.finished(stack.upload_form(clips["tiny.mp4"]))["status"] == "done"


def test_two_stacks_that_start_at_once_keep_apart(tmp_path: Path, clips: Clips) -> None:
    with launched(tmp_path / "one", 18800) as one, launched(tmp_path / "two", 18800) as two:
        for stack in (one, two):
            await_ready(stack)
        for service in ("api", "s3", "mongodb"):
            assert one.addresses[service] != two.addresses[service]
        for stack in (one, two):
            with httpx2.Client(base_url=stack.api) as stack.client:
                stack.finished(stack.upload_signed(clips["tiny.mp4"]))
                assert len(stack.client.get("/videos").json()["data"]) == 1


def test_a_second_stack_in_one_folder_is_refused(stack: RunningStack) -> None:
    second = launch(stack.home / "..", 18900, CLIPO_HOME=str(stack.home))
    assert second.process.wait(30) == 1
    assert "already running" in second.output
    assert httpx2.get(f"{stack.api}/health").status_code == 200


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    stack = launch(tmp_path, 1, PORT=port)
    assert stack.process.wait(30) == 2
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
    assert "Correct MONGODB_URI" in stack.output
    assert "hunter2" not in stack.output


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code that a test may edit."""
    copy = tmp_path / "checkout"
    for folder in ("clipo", "functions"):
        shutil.copytree(_REPOSITORY / folder, copy / folder)
    (copy / ".tools").symlink_to(_REPOSITORY / ".tools")
    return copy


def answers(stack: RunningStack, path: str = "/health") -> bool:
    try:
        return stack.client.get(path).status_code == 200
    except httpx2.TransportError:
        return False


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_change_of_the_code_is_served_and_a_mistake_is_waited_out(
    tmp_path: Path, checkout: Path
) -> None:
    code = checkout / "functions" / "api" / "routes" / "health.py"
    good = code.read_text()
    paths = f"{checkout}{os.pathsep}{checkout / 'functions'}"
    with running_stack(tmp_path / "home", None, PYTHONPATH=paths) as stack:
        before = stack.children()
        assert "clipo.local.webhooks" not in before, "it runs where a receiver is set, only"

        code.write_text(
            good + '\n\n@router.get("/new")\ndef new() -> Health:\n    return Health()\n'
        )
        eventually(lambda: answers(stack, "/new"))
        assert stack.children()["ministack"] == before["ministack"]

        code.write_text("this is no Python")
        eventually(lambda: "Waiting for the next change" in stack.output)
        assert "SyntaxError" in stack.output
        assert stack.process.poll() is None

        code.write_text(good)
        # A part that dies before all of them have started is waited for, too.
        eventually(lambda: stack.output.rstrip().endswith("The functions run again."))
        assert answers(stack)

        os.kill(stack.children()["clipo.local.api_server"], signal.SIGKILL)
        assert stack.process.wait(30) == 1, "a part that dies later ends the stack as ever"


def test_ctrl_c_while_a_video_is_processed_puts_it_back(
    tmp_path: Path, clips: Clips, ffmpeg_dir: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "ffprobe").symlink_to(ffmpeg_dir / "ffprobe")
    (slow / "ffmpeg").write_text(
        f'#!/bin/sh\n[ "$1" = -version ] || sleep 50\nexec {ffmpeg_dir}/ffmpeg "$@"\n'
    )
    (slow / "ffmpeg").chmod(0o755)
    home = tmp_path / "home"
    with running_stack(home, None, CLIPO_FFMPEG_DIR=str(slow)) as stack:
        video_id = stack.upload_form(clips["tiny.mp4"])
        eventually(lambda: "sleep" in command_lines(stack.process.pid))
        pids = descendants(stack.process.pid)
        assert stack.stop() == 0
        assert_gone(pids)
    assert list((home / "tmp").iterdir()) == []
    with running_stack(home) as stack:
        video = stack.finished(video_id)
        assert (video["status"], video["attempts"]) == ("done", 2)


def command_lines(pid: int) -> str:
    pids = ",".join(str(below) for below in [pid, *descendants(pid)])
    command = ["ps", "-ww", "-o", "args=", "-p", pids]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_addresses_of_a_stack_that_was_killed_are_not_taken_for_the_next_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "stack.json").write_text('{"api": "http://localhost:1"}')
    with launched(tmp_path) as stack:
        eventually(lambda: not (tmp_path / "stack.json").exists())
        await_ready(stack)
        assert stack.api != "http://localhost:1"


@pytest.mark.parametrize(
    ("setting", "value", "said", "exit_code"),
    [
        ("AWS_ENDPOINT_URL_S3", "nonsense", "AWS_ENDPOINT_URL_S3", 1),
        ("MONGODB_URI", "garbage", "garbage", 1),
        ("CLIPO_HOME", "/dev/null", "CLIPO_HOME", 1),
        ("PORT", "²", "PORT", 2),
        ("CLIPO_BIND", "0.0.0.0", "CLIPO_BIND must be one address", 2),
        ("MAX_UPLOAD_BYTES", "100MB", "MAX_UPLOAD_BYTES must be a whole number", 2),
    ],
)
def test_a_setting_that_makes_no_sense_is_answered_with_a_sentence(
    tmp_path: Path, setting: str, value: str, said: str, exit_code: int
) -> None:
    stack = launch(tmp_path, 18970, **{setting: value})
    assert stack.process.wait(60) == exit_code
    assert said in stack.output
    assert "Traceback" not in stack.output
