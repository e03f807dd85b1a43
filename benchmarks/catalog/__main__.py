"""How the catalog's queries grow with the number of its records.

Usage: make bench-catalog [ARGS="--most 100000"]

Fills one database of the local MongoDB, in steps of ten, up to a million finished videos. Half of
them belong to owners of 100 videos each, half to one owner. At each step it makes every query that
the functions make, five times, and takes the median. Writes docs/benchmarks/catalog.md and
catalog.svg. A query that took longer than 2 s is not made with more records.

The local MongoDB (SecantusDB) sorts without an index and reads some ranges whole: MongoDB is the
better one at both. What it can show is which queries read a fixed number of records.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.catalog import report
from benchmarks.catalog.queries import queries
from benchmarks.catalog.records import fill
from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.settings import CatalogSettings
from tests.servers import mongodb

_FOLDER = Path(__file__).parents[2] / "docs" / "benchmarks"
_ROUNDS = 5
_LONGEST_S = 2


def main() -> None:
    """Measure, and write the report."""
    most = _options().most
    sizes = [10**power for power in range(3, 8) if 10**power <= most]
    figures: report.Figures = {}
    with TemporaryDirectory() as folder, mongodb(Path(folder)) as server:
        settings = CatalogSettings.read({"MONGODB_URI": server.uri})
        catalog = MongoCatalog(settings, pool_size=1, timeout_ms=0)
        catalog.ensure_schema()
        for size in sizes:
            begun = perf_counter()
            fill(catalog, size)
            print(f"{size:,} records after {perf_counter() - begun:.0f} s", file=sys.stderr)
            _measure(catalog, size, figures)
        catalog.close()
    print(report.write(_FOLDER, figures) if most >= 10**6 else report.table(figures))


def _measure(catalog: MongoCatalog, size: int, figures: report.Figures) -> None:
    for name, query in queries(catalog).items():
        known = figures.setdefault(name, {})
        if max(known.values(), default=0) > _LONGEST_S * 1000:
            continue
        known[size] = _median_ms(query)
        print(f"{size:,}, {name}: {known[size]:.1f} ms", file=sys.stderr)


def _median_ms(query: Callable[[], object]) -> float:
    """Return the median of five runs, or the only one if it took long."""
    taken: list[float] = []
    while len(taken) < _ROUNDS and not (taken and taken[0] > _LONGEST_S * 500):
        begun = perf_counter()
        query()
        taken.append((perf_counter() - begun) * 1000)
    return statistics.median(taken)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10**6, help="the largest number of records")
    return parser.parse_args()


if __name__ == "__main__":
    main()
