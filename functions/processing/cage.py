"""Runs ffmpeg and ffprobe on hostile bytes. The only module that starts processes.

A child sees nothing of ours: an environment of PATH and LANG, its own session and working
directory, no standard input, and hard limits on memory, time, open files and what it writes.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PR_SET_DUMPABLE = 4
_MEBIBYTE = 1 << 20
_CPU_S = 60
_MAX_OUTPUT = _MEBIBYTE
"""Bytes read of each of standard output and standard error."""


class ChildTimedOut(Exception):
    """The child did not end in the time that it was given."""


class ChildUsedUpCpu(Exception):
    """The child passed its limit of CPU time."""


class ChildUsedUpMemory(Exception):
    """The kernel killed the child, as it does where memory runs out."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A child that ended by itself."""

    exit_code: int
    """Negative: the signal that ended it."""
    stdout: bytes
    stderr: str


def run(command: list[str], *, directory: Path, timeout_s: float) -> Finished:
    """Run one program in `directory` to its end and return what it said.

    Its output goes to files there, so that the limit on file size bounds it too.
    Raises `ChildTimedOut`, `ChildUsedUpCpu` or `ChildUsedUpMemory` once the whole process group
    is dead.
    """
    _hide_ourselves()
    out, err = directory / "stdout", directory / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        # The program is a path of ours, the arguments are a list, and there is no shell.
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=directory,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    exit_code = _wait(child, timeout_s)
    return Finished(
        exit_code=exit_code,
        stdout=_head(out),
        stderr=_head(err).decode(errors="replace"),
    )


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float) -> int:
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill_group(child.pid)

    # Not `wait(timeout)`: that polls, and its steps of 50 ms are as long as the work.
    timer = threading.Timer(timeout_s, expire)
    try:
        timer.start()
        _limit(child.pid)
        exit_code = child.wait()
    finally:
        timer.cancel()
        _kill_group(child.pid)
        child.wait()
    if exit_code == -signal.SIGXCPU:
        raise ChildUsedUpCpu(f"The child used up its {_CPU_S} s of CPU time.")
    if expired.is_set():
        raise ChildTimedOut(f"The child ran out of its {timeout_s:.0f} s.")
    if exit_code == -signal.SIGKILL:
        raise ChildUsedUpMemory("The kernel killed the child.")
    return exit_code


@cache
def _hide_ourselves() -> None:
    """Keep a child that was taken over from reading our memory and secrets in /proc.

    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


def _limit(pid: int) -> None:
    """Set the child's limits from outside: `preexec_fn` is unsafe beside PyMongo's threads."""
    if sys.platform != "linux":
        # macOS has no prlimit. There the local stack works on its developer's own files.
        return
    limits = {
        # Below the function's memory, so that the child dies first and we can say so.
        resource.RLIMIT_AS: (1024 * _MEBIBYTE, 1024 * _MEBIBYTE),
        resource.RLIMIT_CPU: (_CPU_S, _CPU_S + 5),
        resource.RLIMIT_FSIZE: (10 * _MEBIBYTE, 10 * _MEBIBYTE),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    with contextlib.suppress(ProcessLookupError):  # it may have ended already
        for limit, value in limits.items():
            resource.prlimit(pid, limit, value)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_OUTPUT)
