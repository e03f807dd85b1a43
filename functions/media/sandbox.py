"""Runs ffmpeg and ffprobe on hostile bytes. The only module that starts processes.

A child gets an environment of only PATH and LANG, its own session and working directory, no
standard input, and hard limits on memory, time, open files and output.
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
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from functions.core.settings import positive_int

_PR_SET_DUMPABLE = 4
_MEBIBYTE = 1 << 20
_CPU_S = 60
_OWN_MEMORY = 256
"""MiB of the function's memory that a child leaves to Python and to Lambda's runtime."""

MAX_MEMORY = 1024 * _MEBIBYTE
"""Most bytes of address space for a child."""

_MAX_FILE = 10 * _MEBIBYTE
"""Largest file that a child may write, in bytes."""

_MAX_OUTPUT = _MEBIBYTE
"""Bytes that are read from standard output, and from standard error."""


class ChildTimedOut(Exception):
    """The child did not end in time."""


class ChildUsedUpCpu(Exception):
    """The child exceeded its limit of CPU time."""


class ChildUsedUpMemory(Exception):
    """The kernel killed the child, as it does when memory runs out."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The output of a child that ended by itself."""

    exit_code: int
    """Exit code, or the negative number of the signal that ended the child."""
    stdout: bytes
    stderr: str


def memory_limit(environ: Mapping[str, str]) -> int:
    """Return the bytes of address space for a child, less than the function's memory.

    So the child dies before Lambda ends the function, and the video fails cleanly. Reads
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB. Raises `SettingsError`.
    """
    function = positive_int(environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 10240)
    return min(MAX_MEMORY, (function - _OWN_MEMORY) * _MEBIBYTE)


def run(
    command: list[str], *, directory: Path, timeout_s: float, memory: int = MAX_MEMORY
) -> Finished:
    """Run one program in `directory` to its end and return its output.

    `memory` limits its address space, in bytes.

    The output goes to unnamed files: the limit on file size bounds it, and the child cannot replace
    them. Raises `ChildTimedOut`, `ChildUsedUpCpu` or `ChildUsedUpMemory` once the whole process
    group is dead.
    """
    _protect_own_memory()
    with TemporaryFile(dir=directory) as stdout, TemporaryFile(dir=directory) as stderr:
        # The program is a fixed path, the arguments are a list, and there is no shell.
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=directory,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        exit_code = _wait(child, timeout_s, memory)
        return Finished(exit_code, _head(stdout), _head(stderr).decode(errors="replace"))


def read_output_file(file: Path) -> bytes | None:
    """Return the content of a file that a child has written, `None` if it is not a plain file.

    A hostile child may have left a link or a pipe there: neither is followed or read.
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


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float, memory: int) -> int:
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill_group(child.pid)

    cpu_s = _children_cpu_s()
    # `wait(timeout)` polls every 50 ms, which is as long as the work itself.
    timer = threading.Timer(timeout_s, expire)
    try:
        timer.start()
        _limit(child.pid, memory)
        exit_code = child.wait()
    finally:
        timer.cancel()
        _kill_group(child.pid)
        child.wait()
    # ffmpeg catches SIGXCPU and exits normally, so the CPU time decides as well.
    if exit_code == -signal.SIGXCPU or _children_cpu_s() - cpu_s > _CPU_S - 1:
        raise ChildUsedUpCpu(f"The child used up its {_CPU_S} s of CPU time.")
    if expired.is_set():
        raise ChildTimedOut(f"The child ran out of its {timeout_s:.0f} s.")
    if exit_code == -signal.SIGKILL:
        raise ChildUsedUpMemory("The kernel killed the child.")
    return exit_code


def _children_cpu_s() -> float:
    """Return the CPU time, in seconds, of all children that have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


@cache
def _protect_own_memory() -> None:
    """Keep a compromised child from reading this process's memory and secrets in /proc.

    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


def _limit(pid: int, memory: int) -> None:
    """Set the child's limits from the parent: `preexec_fn` is unsafe with PyMongo's threads."""
    if sys.platform != "linux":
        # macOS has no prlimit. The local stack there processes only its developer's own files.
        return
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (_CPU_S, _CPU_S + 5),
        resource.RLIMIT_FSIZE: (_MAX_FILE, _MAX_FILE),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    with contextlib.suppress(ProcessLookupError):  # the child may have ended
        for limit, value in limits.items():
            resource.prlimit(pid, limit, value)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _head(output: IO[bytes]) -> bytes:
    output.seek(0)
    return output.read(_MAX_OUTPUT)
