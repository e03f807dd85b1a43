import os
import queue
import sys
from pathlib import Path

from clipo.local.child import Child


def start(code: str, log: Path, lines: list[str]) -> tuple[Child, "queue.Queue[Child]"]:
    ended: queue.Queue[Child] = queue.Queue()
    child = Child(
        "name",
        [sys.executable, "-u", "-c", code],
        environ=os.environ,
        log=log,
        on_line=lines.append,
        on_exit=ended.put,
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
