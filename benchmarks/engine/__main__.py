"""Compare our ranged reads with the legacy way, in one run.

Usage: make bench [ARGS=--rounds=5]
       make bench ARGS=--large
       make bench ARGS=--smoke

Serves 10 minutes of 720p in every container from a server with 30 ms to the first byte and
75 MB/s a connection, and makes a thumbnail of each in three ways, alternating: the legacy
way (download it, decode up to the frame), by downloading it and seeking, and by ranges. Writes
docs/benchmarks/engine.md and engine.svg.

`--large` measures our way alone with files of 4 GB, and writes engine-large.md. It takes 20 minutes
and 6 GB of disk. `--smoke` measures it once with the files of 100 MB, and fails if one of them
costs too many bytes. It writes nothing.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.engine import inputs, report
from benchmarks.engine.bench import INPUTS, PAGES, Bench, open_bench
from benchmarks.engine.ways import Cost, cost_of

_MAX_SHARE = 0.08
_MAX_SHARES = {"no-index.avi": 0.14}
"""Largest share of a file's bytes to read. AVI states no time, so its pictures are counted."""

_WAYS = ("legacy", "seek", "ours")


@dataclass(frozen=True)
class _Run:
    cost: Cost
    bytes_sent: int
    requests: int


def _measure(bench: Bench, way: str, name: str) -> _Run:
    cost = bench.measure(cost_of, way, name)
    print(f"{name}, {way}: {cost.wall_ms:.0f} ms", file=sys.stderr)
    return _Run(cost, *bench.server.sent(name))


def _ours(bench: Bench, name: str, title: str, rounds: int) -> report.OurRow:
    runs = [_measure(bench, "ours", name) for _ in range(rounds)]
    return report.OurRow(title, (INPUTS / name).stat().st_size / 1e6, _median(runs))


def main() -> None:
    """Make the inputs, measure, and write the report."""
    options = _options()
    inputs.make(INPUTS)
    with open_bench() as bench:
        if options.smoke:
            sys.exit(_smoke(bench))
        print(
            _measure_large(bench, options.rounds)
            if options.large
            else _compare(bench, options.rounds)
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way with each file")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--large", action="store_true", help="measure our way with files of 4 GB")
    kind.add_argument("--smoke", action="store_true", help="fail if our way reads too much")
    return parser.parse_args()


def _compare(bench: Bench, rounds: int) -> str:
    runs: dict[tuple[str, str], list[_Run]] = {}
    for round_ in range(rounds):
        for name in inputs.TITLES:
            for way in _ways(name, round_):
                runs.setdefault((name, way), []).append(_measure(bench, way, name))
    rows = [_row(name, runs) for name in inputs.TITLES]
    return report.write(PAGES, rows, rounds)


def _measure_large(bench: Bench, rounds: int) -> str:
    """Measure one file after the other, because all of them would not fit on many disks."""
    rows = []
    for name, title in inputs.large_titles().items():
        usual = _ours(bench, name, title, rounds)
        path = inputs.make_large(INPUTS, name)
        try:
            rows.append((usual, _ours(bench, path.name, title, rounds)))
        finally:
            path.unlink()
    return report.write_large(PAGES, rows, rounds)


def _smoke(bench: Bench) -> str | None:
    """Return what is wrong, if anything is."""
    rows = {name: _ours(bench, name, title, 1) for name, title in inputs.TITLES.items()}
    print(report.table_of_ours(list(rows.values())))
    greedy = [
        row.title for name, row in rows.items() if row.share > _MAX_SHARES.get(name, _MAX_SHARE)
    ]
    return f"Too many bytes: {', '.join(greedy)}." if greedy else None


def _ways(name: str, round_: int) -> Sequence[str]:
    """Return the ways in the order of this round. 4 GB are downloaded just once."""
    if name == inputs.SPARSE and round_ > 0:
        return ["ours"]
    return _WAYS if round_ % 2 == 0 else _WAYS[::-1]


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
