"""What the supervisor promises, whatever its children are."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.saving import save_at_once
from tests.servers import assert_ended
from tests.waiting import eventually

_ROOT = Path(__file__).parents[4]

SLEEP = "import time; ready(); time.sleep(600)"
"""Code of a child that SIGTERM ends."""

NOTE = """
import os, signal, time
def note(what):
    with open(os.environ["FOLDER"] + "/notes", "a") as file:
        file.write(what + "\\n")
"""
TELLS = (
    NOTE
    + """
def end(*_):
    note("{name} ends")
    raise SystemExit
signal.signal(signal.SIGTERM, end)
note("{name} starts")
ready()
time.sleep(600)
"""
)
"""Code of a child that notes its start and its end."""


@dataclass
class Supervised:
    """A supervisor that runs as a program of its own."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def notes(self) -> list[str]:
        file = self.folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def await_start(self) -> None:
        eventually((self.folder / "started").exists)

    def family(self) -> list[int]:
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [process.pid for process in below]

    def child(self, code: str) -> int:
        """Return the process id of the child that runs some code."""
        children = psutil.Process(self.process.pid).children()
        return next(one.pid for one in children if one.cmdline()[-1].endswith(code))

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def supervised(
    folder: Path, programs: dict[str, str], *reloaded: dict[str, str], **environ: str
) -> Iterator[Supervised]:
    """Start a supervisor, and end it with the `with` block."""
    for name in ("logs", "code"):
        (folder / name).mkdir(exist_ok=True)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.supervised", str(folder)),
                *(json.dumps(codes) for codes in (programs, *reloaded)),
            ],
            cwd=_ROOT,
            env=os.environ | environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Supervised(process, folder)
    finally:
        process.terminate()
        process.wait(30)


def assert_gone(pids: list[int]) -> None:
    for pid in pids:
        assert_ended(pid)


def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    codes = {name: TELLS.format(name=name) for name in ("one", "two", "three")}
    with supervised(tmp_path, codes) as program:
        program.await_start()
        assert program.end() == 0
        starts = ["one starts", "two starts", "three starts"]
        assert program.notes == [*starts, "three ends", "two ends", "one ends"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_peace(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, {"one": SLEEP, "two": SLEEP}) as program:
        program.await_start()
        children = program.family()
        assert len(children) == 2
        assert program.end(number) == 0
        assert_gone(children)
        assert program.output == "\nStopping.\n"


def test_a_signal_while_children_start_ends_those_that_have_started(tmp_path: Path) -> None:
    never = "import time; print('not yet'); time.sleep(600)"
    with supervised(tmp_path, {"one": SLEEP, "never": never, "two": SLEEP}) as program:
        eventually((tmp_path / "logs" / "never.log").exists)
        children = program.family()
        assert len(children) == 2
        assert program.end() == 0
        assert_gone(children)


def test_ctrl_c_is_heard_where_the_shell_has_it_ignored(tmp_path: Path) -> None:
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with supervised(tmp_path, {"one": SLEEP}) as program:
            program.await_start()
            assert program.end() == 0
    finally:
        signal.signal(signal.SIGINT, kept)


def test_a_second_ctrl_c_does_not_keep_children_alive(tmp_path: Path) -> None:
    slow = (
        NOTE
        + """
def end(*_):
    note("asked to end")
    while not os.path.exists(os.environ["FOLDER"] + "/may end"):
        time.sleep(0.01)
    raise SystemExit
signal.signal(signal.SIGTERM, end)
ready()
time.sleep(600)
"""
    )
    with supervised(tmp_path, {"first": SLEEP, "slow": slow}) as program:
        program.await_start()
        children = program.family()
        program.process.send_signal(signal.SIGINT)
        eventually(lambda: program.notes)
        assert (tmp_path / "stopping").exists(), "said before the children are stopped"
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            program.process.send_signal(number)
        (tmp_path / "may end").touch()
        assert program.process.wait(30) == 0
        assert_gone(children)
        assert program.output == "\nStopping.\n"


def test_a_child_that_ignores_sigterm_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    stubborn = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"], start_new_session=True)
ready()
time.sleep(600)
"""
    with supervised(tmp_path, {"stubborn": stubborn}, GRACE_S="1") as program:
        program.await_start()
        family = program.family()
        assert len(family) == 2
        assert program.end() == 0
        assert_gone(family)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, {"one": SLEEP}, {"two": SLEEP}) as program:
        program.await_start()
        children = program.family()
        assert len(children) == 2
        program.process.kill()
        program.process.wait()
        assert_gone(children)


def test_a_child_that_dies_is_reported_and_ends_the_others(tmp_path: Path) -> None:
    talks = "print('first words\\nlast words'); " + SLEEP
    with supervised(tmp_path, {"one": SLEEP}, {"talks": talks}) as program:
        program.await_start()
        family = program.family()
        os.kill(program.child(talks), signal.SIGKILL)
        assert program.process.wait(30) == 1
        assert_gone(family)
        assert program.output == (
            "talks has stopped, exit code -9. Its last lines:\n"
            "  first words\n  last words\n"
            f"All of it is in {tmp_path / 'logs'}.\n"
        )
        assert (tmp_path / "stopping").exists()


def test_a_child_that_dies_at_its_start_is_reported_and_nothing_more_is_started(
    tmp_path: Path,
) -> None:
    programs = {"one": SLEEP, "broken": "raise SystemExit('no database')", "two": SLEEP}
    with supervised(tmp_path, programs) as program:
        assert program.process.wait(30) == 1
        assert program.output.startswith("broken has stopped, exit code 1. Its last lines:\n")
        assert "  no database\n" in program.output
        assert not (tmp_path / "logs" / "two.log").exists()
        assert not (tmp_path / "started").exists()


def test_a_child_that_is_not_ready_in_time_ends_the_others(tmp_path: Path) -> None:
    never = "import time; time.sleep(600)"
    with supervised(tmp_path, {"one": SLEEP}, {"never": never}, START_S="1") as program:
        eventually((tmp_path / "logs" / "never.log").exists)
        family = program.family()
        assert program.process.wait(30) == 1
        assert_gone(family)
        assert program.output == f"never is not ready after 1 s: see {tmp_path / 'logs'}.\n"


def test_a_change_of_the_code_is_run_and_a_mistake_is_waited_out(tmp_path: Path) -> None:
    code = tmp_path / "code" / "code.py"
    code.parent.mkdir()
    code.write_text(TELLS.format(name="first"))
    reads = f"exec(open({str(code)!r}).read())"
    with supervised(tmp_path, {"one": SLEEP}, {"two": SLEEP, "reads": reads}) as program:
        program.await_start()
        kept, again = program.child(SLEEP), program.child(reads)
        others = program.family()

        save_at_once(code, TELLS.format(name="second"), by=tmp_path / "new")
        eventually(lambda: "second starts" in program.notes)
        assert program.notes == ["first starts", "first ends", "second starts"]
        eventually(lambda: program.output.endswith("The code run again.\n"))
        assert kept in program.family()
        assert again not in program.family()
        assert len(set(program.family()) & set(others)) == 1, "the other reloaded one is new, too"

        save_at_once(code, "this is no Python", by=tmp_path / "new")
        eventually(lambda: program.output.endswith("Waiting for the next change in code/.\n"))
        assert "SyntaxError" in program.output
        assert program.process.poll() is None
        eventually(lambda: program.family() == [kept])

        save_at_once(code, TELLS.format(name="third"), by=tmp_path / "new")
        eventually(lambda: program.output.endswith("The code run again.\n"))
        assert program.notes[-1] == "third starts"

        os.kill(program.child(reads), signal.SIGKILL)
        assert program.process.wait(30) == 1, "a death after a reload ends everything"
        assert "reads has stopped, exit code -9." in program.output
