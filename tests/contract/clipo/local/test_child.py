import errno
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clipo.local.child import Child
from tests.waiting import eventually


def start(
    code: str,
    log: Path,
    lines: list[str],
    on_log_failure: Callable[[OSError], None] = lambda _: None,
) -> tuple[Child, "queue.Queue[Child]"]:
    ended: queue.Queue[Child] = queue.Queue()
    child = Child(
        "name",
        [sys.executable, "-u", "-c", code],
        environ=os.environ,
        log=log,
        on_line=lines.append,
        on_exit=ended.put,
        on_log_failure=on_log_failure,
    )
    return child, ended


def test_every_line_is_heard_logged_and_the_last_ones_kept(tmp_path: Path) -> None:
    lines: list[str] = []
    child, ended = start("for i in range(30): print('line', i)", tmp_path / "log", lines)
    assert ended.get(timeout=10) is child
    assert child.exit_code == 0
    assert lines == [f"line {i}\n" for i in range(30)]
    assert (tmp_path / "log").read_text() == "".join(lines)
    assert list(child.last_lines) == [f"line {i}" for i in range(10, 30)]


def test_the_last_lines_are_complete_after_a_wait(tmp_path: Path) -> None:
    child = Child(
        "name",
        [sys.executable, "-c", "print('first'); print('last')"],
        environ=os.environ,
        log=tmp_path / "log",
        on_line=lambda _: time.sleep(0.3),
        on_exit=lambda _: None,
    )
    eventually(lambda: not child.running)
    child.await_last_lines()
    assert list(child.last_lines) == ["first", "last"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_program_whose_parent_has_ended_does_not_start() -> None:
    tied = [sys.executable, "-m", "clipo.local.tied", "SIGTERM"]
    codes = {}
    for parent in (os.getpid(), os.getppid()):
        command = [*tied, str(parent), sys.executable, "-c", "print('started')"]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        codes[parent] = (finished.returncode, finished.stdout)
    assert codes == {os.getpid(): (0, "started\n"), os.getppid(): (1, "")}


def test_a_child_that_is_stopped_ends(tmp_path: Path) -> None:
    child, ended = start("import time; print('up'); time.sleep(60)", tmp_path / "log", [])
    child.stop()
    assert not child.running
    assert ended.get(timeout=10) is child


def test_a_child_that_cannot_start_says_why(tmp_path: Path) -> None:
    child, ended = start("raise SystemExit('no database')", tmp_path / "log", [])
    ended.get(timeout=10)
    assert child.exit_code == 1
    assert list(child.last_lines) == ["no database"]


def test_readiness_is_kept_whatever_is_said_afterwards(tmp_path: Path) -> None:
    code = "from clipo.local.ready import signal_ready; signal_ready(); print('x\\n' * 1000)"
    child, ended = start(code, tmp_path / "log", [])
    ended.get(timeout=10)
    eventually(child.has_signalled_ready)


def test_what_a_child_says_does_not_make_it_ready(tmp_path: Path) -> None:
    child, ended = start("print('ready', 'waiting for events')", tmp_path / "log", [])
    ended.get(timeout=10)
    assert not child.has_signalled_ready()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_child_is_watched_on_though_its_disk_is_full(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    failures: list[OSError] = []
    lines: list[str] = []
    child, ended = start(
        "for i in range(30): print('line', i)", tmp_path / "log", lines, failures.append
    )
    assert ended.get(timeout=10) is child
    assert len(lines) == 30
    assert child.last_lines[-1] == "line 29"
    assert [failure.errno for failure in failures] == [errno.ENOSPC], "told once"


def test_a_log_works_again_when_it_can_be_written(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log"
    failures: list[OSError] = []
    read = "import sys; print('lost'); sys.stdout.flush(); open({0!r}).read(); print('kept')"
    os.mkfifo(tmp_path / "gate")
    child, ended = start(read.format(str(tmp_path / "gate")), log, [], failures.append)
    eventually(lambda: child.last_lines)
    log.parent.mkdir()
    (tmp_path / "gate").write_text("open")
    ended.get(timeout=10)
    assert log.read_text() == "kept\n"
    assert len(failures) == 1
