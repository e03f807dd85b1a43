"""Runs ffmpeg and ffprobe on hostile bytes. The only module that starts processes.

A child sees nothing of ours: an environment of PATH and LANG, its own session and working
directory, no standard input, and hard limits on memory, time, open files and what it writes.
"""

import contextlib
import ctypes
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

_PR_SET_DUMPABLE = 4
_MEBIBYTE = 1 << 20
_CPU_S = 60
_MAX_FILE = 10 * _MEBIBYTE
"""Bytes of one file that a child writes."""

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

    Its output goes to files without a name, so that the limit on file size bounds it too, and
    it cannot put anything else in their place.
    Raises `ChildTimedOut`, `ChildUsedUpCpu` or `ChildUsedUpMemory` once the whole process group
    is dead.
    """
    _hide_ourselves()
    with TemporaryFile(dir=directory) as stdout, TemporaryFile(dir=directory) as stderr:
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
            stdout=_head(stdout),
            stderr=_head(stderr).decode(errors="replace"),
        )


def written(file: Path) -> bytes | None:
    """Return the beginning of a file that a child has written, if it is one.

    A child may have put anything there: no link is followed, and no pipe waited for.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as content:
            return content.read(_MAX_FILE)
    finally:
        os.close(descriptor)


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float) -> int:
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill_group(child.pid)

    cpu_s = _children_cpu_s()
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
    # ffmpeg catches the signal, and then ends as if by itself.
    if exit_code == -signal.SIGXCPU or _children_cpu_s() - cpu_s > _CPU_S - 1:
        raise ChildUsedUpCpu(f"The child used up its {_CPU_S} s of CPU time.")
    if expired.is_set():
        raise ChildTimedOut(f"The child ran out of its {timeout_s:.0f} s.")
    if exit_code == -signal.SIGKILL:
        raise ChildUsedUpMemory("The kernel killed the child.")
    return exit_code


def _children_cpu_s() -> float:
    """Return the CPU seconds of all children that have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


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
        resource.RLIMIT_FSIZE: (_MAX_FILE, _MAX_FILE),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    with contextlib.suppress(ProcessLookupError):  # it may have ended already
        for limit, value in limits.items():
            resource.prlimit(pid, limit, value)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _head(output: IO[bytes]) -> bytes:
    output.seek(0)
    return output.read(_MAX_OUTPUT)
