"""Starts a function as Lambda does, and reads what that has cost.

In the emulator that aws-sam-cli ships: AWS's own supervisor, which starts the runtime at the first
event, hands it one at a time and times both.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clipo.local.ports import LOOPBACK, free_port
from tests.servers import wait_until_listening

_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = _ROOT / ".tools" / "runtime"
_RUNTIME = Path(__file__).with_name("runtime.py")
_EMULATORS = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}
_INVOKE = "/2015-03-31/functions/function/invocations"
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_INVOCATION = re.compile(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)")
_PATIENCE_S = 60


class FunctionFailed(Exception):
    """The function did not start, or did not answer."""


@dataclass(frozen=True)
class Function:
    """What is deployed: a folder, its handler and its settings."""

    folder: Path
    handler: str
    environ: Mapping[str, str]
    ffmpeg: Path | None = None
    """The programs' folder in the layer: /opt/bin on Lambda, which not everybody may write here."""


@dataclass(frozen=True)
class Cost:
    """What one step of a cold start took."""

    wall_ms: float
    """By the emulator's clock."""
    cpu_ms: float
    """Of the runtime and its ended children, in user and system mode."""
    disk_mb: float
    """Read from the disk, by the same: what the page cache had is not counted."""
    peak_mb: float
    """The runtime's own largest resident set so far, without its children's."""


class Sandbox:
    """One emulator with one function, which starts at the first event."""

    def __init__(self, port: int, folder: Path) -> None:
        """Take the port of the emulator, and where it writes."""
        self._port = port
        self.log = folder / "log.txt"
        self.costs = folder / "costs.jsonl"
        self._answered = 0

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return the function's answer. Raises `FunctionFailed`."""
        connection = HTTPConnection(LOOPBACK, self._port, timeout=_PATIENCE_S)
        try:
            connection.request("POST", _INVOKE, json.dumps(event))
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if not isinstance(answer, dict) or "errorMessage" in answer:
            raise FunctionFailed(f"{answer}\n{self.log.read_text()}")
        self._answered += 1
        self._wait_until_idle()
        return answer

    def measured(self) -> list[Cost]:
        """Return what the start has cost, and each invocation so far."""
        return costs(self.log.read_text(), self.costs.read_text())

    def _wait_until_idle(self) -> None:
        """Wait until the runtime asks for the next event: only then all costs are known."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.costs.read_text().splitlines()) <= self._answered:
            if time.monotonic() > deadline:
                raise FunctionFailed(self.log.read_text())
            time.sleep(0.01)


@contextmanager
def sandbox(function: Function) -> Iterator[Sandbox]:
    """Run an emulator for the time of a `with` block."""
    taken: set[int] = set()
    port, api = free_port(23080, taken=taken), free_port(23180, taken=taken)
    with TemporaryDirectory(prefix="clipo-cold-") as folder:
        box = Sandbox(port, Path(folder))
        with box.log.open("w") as log:
            process = subprocess.Popen(  # noqa: S603 (our own arguments)
                [
                    *(_emulator(), "--runtime-interface-emulator-address", f"{LOOPBACK}:{port}"),
                    *("--runtime-api-address", f"{LOOPBACK}:{api}", "--log-level", "info"),
                    *(str(_ENVIRONMENT / "bin/python"), str(_RUNTIME), function.handler),
                ],
                cwd=function.folder,
                env=_environ(function, box.costs),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until_listening(port)
            yield box
        finally:
            # It kills the runtime, too.
            process.terminate()
            process.wait(_PATIENCE_S)


def _environ(function: Function, costs: Path) -> dict[str, str]:
    layer = {"CLIPO_FFMPEG_DIR": str(function.ffmpeg)} if function.ffmpeg else {}
    return layer | {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(function.folder),
        # On Lambda the folder cannot be written to.
        "PYTHONDONTWRITEBYTECODE": "1",
        "CLIPO_BENCH_COSTS": str(costs),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        **function.environ,
    }


def missing() -> str | None:
    """Return why there is no sandbox here, if there is none."""
    if sys.platform != "linux":
        return "the emulator of Lambda's runtime needs Linux"
    if not (_ENVIRONMENT / ".ready").exists():
        return "needs Python 3.13: `make setup` found none, and could not fetch it"
    return None


def _emulator() -> str:
    name = _EMULATORS[platform.machine()]
    (found,) = _ROOT.glob(f".tools/sam/lib/python*/site-packages/samcli/local/rapid/{name}")
    return str(found)


def costs(log: str, snapshots: str) -> list[Cost]:
    """Return the costs of the start and of each invocation.

    The times come from the emulator's log, the rest from what the runtime wrote before each event.
    """
    walls = [float(found[1]) for found in (*_INIT.finditer(log), *_INVOCATION.finditer(log))]
    totals = [json.loads(line) for line in snapshots.splitlines()]
    before = [dict.fromkeys(("cpu_s", "disk_bytes"), 0), *totals[:-1]]
    return [
        Cost(
            wall_ms=wall,
            cpu_ms=(after["cpu_s"] - then["cpu_s"]) * 1000,
            disk_mb=(after["disk_bytes"] - then["disk_bytes"]) / 1e6,
            peak_mb=after["peak_bytes"] / 1e6,
        )
        for wall, then, after in zip(walls, before, totals, strict=True)
    ]


def empty_page_cache(function: Function) -> str:
    """Have what a start reads come from the disk again, and tell how that was done.

    All of the cache where we may: on Lambda the interpreter is as cold as the function. Else the
    function's files and its layer's alone, of which the kernel keeps what another process has
    mapped.
    """
    os.sync()
    try:
        # https://docs.kernel.org/admin-guide/sysctl/vm.html#drop-caches
        _DROP_CACHES.write_text("3")
    except OSError:
        for folder in filter(None, (function.folder, function.ffmpeg)):
            for path in filter(Path.is_file, folder.rglob("*")):
                _forget(path)
        return "of the page cache only the function's files and its layer's dropped (posix_fadvise)"
    return "whole page cache dropped (drop_caches)"


def _forget(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
