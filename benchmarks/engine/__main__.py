"""Compare our ranged reads with the legacy way, in one run.

Usage: make bench [ARGS=--rounds=5]

Serves 10 minutes of 720p in every container from a server with 30 ms to the first byte and
75 MB/s a connection, and makes a thumbnail of each in three ways, alternating: the legacy
way (download it, decode up to the frame), by downloading it and seeking, and by ranges. Writes
docs/benchmarks/engine.md and engine.svg.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.engine import inputs, report
from benchmarks.engine.range_server import RangeServer, range_server
from benchmarks.engine.ways import Cost, cost_of
from clipo.local.ffmpeg import prepare

_FIRST_BYTE_S = 0.030
_BYTES_PER_S = 75e6
_ROOT = Path(__file__).parents[2]
_INPUTS = _ROOT / ".bench"
_REPORT = _ROOT / "docs" / "benchmarks"
_WAYS = ("legacy", "seek", "ours")


@dataclass(frozen=True)
class _Run:
    cost: Cost
    bytes_sent: int
    requests: int


def main() -> None:
    """Make the inputs, measure, and write the report."""
    rounds = _rounds()
    inputs.make(_INPUTS)
    runs: dict[tuple[str, str], list[_Run]] = {}
    with (
        TemporaryDirectory(prefix="clipo-bench-") as folder,
        range_server(_INPUTS, first_byte_s=_FIRST_BYTE_S, bytes_per_s=_BYTES_PER_S) as server,
    ):
        ffmpeg_dir = prepare(Path(folder), None)
        for round_ in range(rounds):
            for name in inputs.TITLES:
                for way in _ways(name, round_):
                    run = _measure(server, way, name, ffmpeg_dir)
                    runs.setdefault((name, way), []).append(run)
                    _say(f"{round_ + 1}/{rounds} {name}, {way}: {run.cost.wall_ms:.0f} ms")
    rows = [_row(name, runs) for name in inputs.TITLES]
    print(report.write(_REPORT, rows, rounds))


def _say(progress: str) -> None:
    print(progress, file=sys.stderr)


def _rounds() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way with each file")
    return int(parser.parse_args().rounds)


def _ways(name: str, round_: int) -> Sequence[str]:
    """Return the ways in the order of this round. 4 GB are downloaded just once."""
    if name == inputs.SPARSE and round_ > 0:
        return ["ours"]
    return _WAYS if round_ % 2 == 0 else _WAYS[::-1]


def _measure(server: RangeServer, way: str, name: str, ffmpeg_dir: Path) -> _Run:
    """Run one way in a fresh process, so that its peak of memory is its own."""
    target, warm_up = (
        (server.url(file), (_INPUTS / file).stat().st_size) for file in (name, inputs.WARM_UP)
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        cost = pool.submit(cost_of, way, target, warm_up, ffmpeg_dir).result()
    return _Run(cost, *server.sent(name))


def _row(name: str, runs: dict[tuple[str, str], list[_Run]]) -> report.Row:
    return report.Row(inputs.TITLES[name], {way: _median(runs[name, way]) for way in _WAYS})


def _median(runs: list[_Run]) -> report.Figures:
    return report.Figures(
        wall_ms=statistics.median(run.cost.wall_ms for run in runs),
        cpu_ms=statistics.median(run.cost.cpu_ms for run in runs),
        mb=statistics.median(run.bytes_sent for run in runs) / 1e6,
        requests=round(statistics.median(run.requests for run in runs)),
        rss_mb=statistics.median(run.cost.rss_mb for run in runs),
    )


if __name__ == "__main__":
    main()
