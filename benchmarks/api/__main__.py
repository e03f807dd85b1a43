"""How many requests the API answers, beside a bare FastAPI route, and what they are spent on.

Usage: make bench-api [ARGS="--rounds 3 --seconds 1"]

Starts a stack of its own, and beside its API three more processes, one at a time under load: the
API as it is, the same with clocks in it, and the bare routes. Prints the ratios, and all figures
as JSON to standard output. Without arguments it writes docs/benchmarks/api.md.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

import httpx2
import psutil

from benchmarks.api import report
from benchmarks.api.bare import text_of
from benchmarks.api.load import load, request
from benchmarks.api.report import BARE, KEYED, OURS, Figures, Round, Setting, Timed
from clipo.local.ports import free_port
from functions.core.api_keys import Root
from tests.clips import Clips
from tests.credentials import admin_token, bearer
from tests.running_stack import RunningStack, running_stack
from tests.servers import wait_until_listening

_PORT = 19000
_WARM_UP_S = 1.0
_NEW = {"filename": "holiday.mp4", "size": 5242880, "passthrough": "order-1042"}
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "api.md"
_TIMED = "timed"
_MODULES = {
    OURS: "clipo.local.api_server",
    BARE: "benchmarks.api.bare",
    _TIMED: "benchmarks.api.timed",
}
_TURNS = [(1, OURS), (1, KEYED), (1, _TIMED), (1, BARE), (8, OURS), (8, KEYED), (8, BARE)]
"""Connections and server. The clocks count for one request at a time."""


def main() -> None:
    """Measure, and say what came of it."""
    given = _arguments()
    busy = os.getloadavg()[0]
    with TemporaryDirectory(prefix="clipo-bench-") as folder, _bench(Path(folder)) as bench:
        # Not counted: threads, connections and caches are made meanwhile.
        bench.measure(_WARM_UP_S, backwards=False)
        rounds = []
        for number in range(given.rounds):
            rounds.append(bench.measure(given.seconds, backwards=number % 2 == 1))
            print(f"{number + 1}/{given.rounds}", file=sys.stderr)
    setting = Setting(given.rounds, given.seconds, busy)
    report.show(rounds)
    print(json.dumps(report.document(rounds, setting), indent=2))
    if not sys.argv[1:]:  # a shorter run is for whoever makes it
        report.write(_PAGE, rounds, setting)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load in each round")
    return parser.parse_args()


@dataclass(frozen=True)
class _Served:
    """A server that runs."""

    port: int
    process: psutil.Popen


@dataclass(frozen=True)
class _Bench:
    """What runs, and what it is asked for."""

    servers: dict[str, _Served]
    requests: dict[str, dict[str, bytes]]
    """By name and server."""

    def measure(self, seconds: float, *, backwards: bool) -> Round:
        """Load each server with each request, at each number of connections."""
        figures, timed = {}, {}
        for name in self.requests:
            for at_once, who in _TURNS[::-1] if backwards else _TURNS:
                if who == _TIMED:
                    timed[name] = self._parts(name, seconds)
                else:
                    figures[name, at_once, who] = self._load(who, name, at_once, seconds)
        return Round(figures, timed)

    def _load(self, who: str, name: str, at_once: int, seconds: float) -> Figures:
        server, asked = self.servers[who], self.requests[name][who]
        before = server.process.cpu_times()
        answered = load(server.port, asked, connections=at_once, seconds=seconds)
        after = server.process.cpu_times()
        cpu_s = after.user + after.system - before.user - before.system
        latencies_ms = [latency * 1000 for latency in answered.latencies_s]
        return Figures(
            requests=len(latencies_ms),
            per_s=len(latencies_ms) / answered.wall_s,
            median_ms=statistics.median(latencies_ms),
            p95_ms=statistics.quantiles(latencies_ms, n=20)[-1],
            mean_ms=statistics.fmean(latencies_ms),
            cpu_ms=cpu_s * 1000 / len(latencies_ms),
            client_share=answered.cpu_s / answered.wall_s,
        )

    def _parts(self, name: str, seconds: float) -> Timed:
        self._counted()
        figures = self._load(_TIMED, name, 1, seconds)
        parts_ms = {part: s * 1000 / figures.requests for part, s in self._counted().items()}
        return Timed(figures, parts_ms)

    def _counted(self) -> dict[str, float]:
        address = f"http://127.0.0.1:{self.servers[_TIMED].port}/parts"
        counted: dict[str, float] = httpx2.get(address).raise_for_status().json()
        return counted


@contextmanager
def _bench(folder: Path) -> Iterator[_Bench]:
    clips = Clips(folder)
    with running_stack(folder / "home") as stack, ExitStack() as servers:
        video_id = stack.upload_signed(clips["tiny.mp4"])
        if stack.finished(video_id)["status"] != "done":
            sys.exit("The video that was to be asked for has failed.")
        environ = _environ(stack, video_id)
        served = {
            who: servers.enter_context(_served(module, environ)) for who, module in _MODULES.items()
        }
        yield _Bench(served | {KEYED: served[OURS]}, _requests(video_id, _key(stack)))


def _key(stack: RunningStack) -> str:
    """Create an API key, which the open API accepts, too."""
    root = Root(1, (stack.home / "root_secret").read_text())
    created = stack.client.post("/keys", json={"name": "bench"}, headers=bearer(admin_token(root)))
    return str(created.raise_for_status().json()["key"])


def _environ(stack: RunningStack, video_id: str) -> dict[str, str]:
    """Return that of the stack's own API, and how much the floor is to answer."""
    environ = psutil.Process(stack.children()["clipo.local.api_server"]).environ()
    created, found = (
        stack.client.post("/videos", json=_NEW),
        stack.client.get(f"/videos/{video_id}"),
    )
    return environ | {
        "CREATED_BYTES": str(len(created.raise_for_status().content)),
        "FOUND_BYTES": str(len(found.raise_for_status().content)),
        # Each round announces thousands of videos, which stay pending.
        "MAX_PENDING_VIDEOS": "0",
    }


@contextmanager
def _served(module: str, environ: dict[str, str]) -> Iterator[_Served]:
    """Run a server for the time of a `with` block. What it says goes nowhere."""
    port = free_port(_PORT, taken=set())
    with psutil.Popen(
        [sys.executable, "-m", module],
        env=environ | {"PORT": str(port)},
        stdout=DEVNULL,
        stderr=DEVNULL,
    ) as process:
        try:
            wait_until_listening(port)
            yield _Served(port, process)
        finally:
            process.terminate()


def _requests(video_id: str, key: str) -> dict[str, dict[str, bytes]]:
    """Return them by name and server. The floor reads and writes as many bytes."""
    new = json.dumps(_NEW).encode()
    of_same_size = text_of(len(new)).model_dump_json().encode()
    find, create = request("GET", f"/videos/{video_id}"), request("POST", "/videos", new)
    return {
        "POST /videos": {
            OURS: create,
            KEYED: request("POST", "/videos", new, key=key),
            _TIMED: create,
            BARE: request("POST", "/videos", of_same_size),
        },
        "GET /videos/{id}": {
            **dict.fromkeys(_MODULES, find),
            KEYED: request("GET", f"/videos/{video_id}", key=key),
        },
    }


if __name__ == "__main__":
    main()
