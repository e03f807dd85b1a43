"""Show where the milliseconds of one thumbnail go.

Usage: python -m benchmarks.engine.milliseconds [--rounds=15]

Inspects each file twice without closing it. The second time every byte is in the cache, so the
difference is the time that the first inspection waited for storage. Writes
docs/benchmarks/milliseconds.md.
"""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.engine import inputs
from benchmarks.engine.bench import INPUTS, PAGES, Bench, open_bench
from benchmarks.engine.ways import inspect, open_source
from functions.media import sandbox
from functions.media.engine import Engine

_PAGE = PAGES / "milliseconds.md"
_FILES = [
    *("end.mp4", "faststart.mp4", "end.mov", "cues.mkv", "cues.webm", "index.avi", "index.wmv"),
    *(inputs.SPARSE, "segment-h264.mkv", "segment-mpeg4.avi"),
]
_PARTS = ("ffprobe", "ffmpeg", "Python", "storage")
_COLUMNS = (
    "file",
    "MB",
    "ffprobe",
    "ffmpeg",
    "Python",
    "waits for storage",
    "all",
    "CPU",
    "median",
)
_INTRODUCTION = """\
# Where the milliseconds go

`python -m benchmarks.engine.milliseconds` made this page, which `make bench` runs. Each figure is
the least of {rounds} inspections, because other work on the machine only adds to it. *Median* is
that of *all*, to compare with [the whole benchmark](engine.md), whose figures are medians.

Storage takes 30 ms to the first byte and sends 75 MB/s over each connection. A file without a
cache needs two round trips, one for the header and one for the picture: 60 to 75 ms. They coincide
where the bit rate is even, as in most of these files: the picture is then at a tenth of the bytes,
which are requested at once. In the sparse file of 4 GB it is not. There, as in any MP4 or AVI file,
the index names the position of the picture, and ffprobe works during the second round trip.

*ffprobe* and *ffmpeg* are the times of the two child processes from start to end when all bytes
are in the cache; *Python* is everything else then. *Waits for storage* is the time that an
inspection without the cache takes longer. *All* is their sum, and *CPU* the CPU time of Python and
its child processes, in milliseconds.

"""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15, help="inspections of each file")
    rounds = int(parser.parse_args().rounds)
    inputs.make(INPUTS)
    with TemporaryDirectory(prefix="clipo-bench-") as folder, open_bench() as bench:
        for name in _FILES:
            _parts(bench, name, Path(folder))  # imports, and the page cache
        rows = [[_parts(bench, name, Path(folder)) for _ in range(rounds)] for name in _FILES]
    table = _table([_least(row) for row in rows])
    _PAGE.write_text(_INTRODUCTION.format(rounds=rounds) + table)
    print(table)


def _least(rounds: list[Counter[str]]) -> Counter[str]:
    """Return the least of each part, the storage's share of the whole, and the whole's median."""
    least = Counter({part: min(round_[part] for round_ in rounds) for part in rounds[0]})
    least["median"] = round(median(round_["all"] for round_ in rounds))
    least["storage"] = max(0, least["all"] - sum(least[part] for part in _PARTS[:-1]))
    return least


def _parts(bench: Bench, name: str, folder: Path) -> Counter[str]:
    """Return the milliseconds of each part of an inspection but the storage's."""
    engine = Engine(bench.ffmpeg_dir)
    with _measured() as first, open_source(*bench.stored(name), folder) as source:
        inspect(engine, source, folder)
    with open_source(*bench.stored(name), folder) as source:
        inspect(engine, source, folder)
        with _measured() as second:
            inspect(engine, source, folder)
    parts = Counter({part: second[part] for part in ("ffprobe", "ffmpeg")})
    parts["Python"] = second["all"] - second["ffprobe"] - second["ffmpeg"]
    return parts + Counter({"all": first["all"], "CPU": first["CPU"]})


@contextmanager
def _measured() -> Iterator[Counter[str]]:
    """Count the milliseconds within the `with` block, those of child processes by name."""
    spent: Counter[str] = Counter()
    run = sandbox.run

    def measured(command: list[str], **limits: Any) -> sandbox.Finished:
        started = time.perf_counter()
        try:
            return run(command, **limits)
        finally:
            spent[Path(command[0]).name] += _ms(time.perf_counter() - started)

    sandbox.run = measured
    cpu_s, started = _cpu_s(), time.perf_counter()
    try:
        yield spent
    finally:
        sandbox.run = run
        spent["all"] = _ms(time.perf_counter() - started)
        spent["CPU"] = _ms(_cpu_s() - cpu_s)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _cpu_s() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(who)[:2]) for who in both)


def _table(rows: list[Counter[str]]) -> str:
    lines = [list(_COLUMNS), ["---", *["---:"] * (len(_COLUMNS) - 1)]]
    for name, parts in zip(_FILES, rows, strict=True):
        size = (INPUTS / name).stat().st_size / 1e6
        figures = [str(parts[part]) for part in (*_PARTS, "all", "CPU", "median")]
        lines.append([inputs.TITLES.get(name, name), f"{size:.0f}", *figures])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    main()
