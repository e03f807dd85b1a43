"""What a deployment pays on a cold start: ours beside a naive build, in one run.

Usage: make bench-cold [ARGS="--rounds 3 --only api"]

Starts each built function in the emulator of Lambda's runtime with a cold page cache, against
MongoDB and S3 on this machine: all of them in turn, and again in each round. Prints the ratios,
and all figures as JSON to standard output. Without arguments it writes docs/benchmarks/cold.md, if
`make layer` has compiled our own ffmpeg.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.cold import report
from benchmarks.cold.builds import ARTIFACTS, HELLO_FOLDER, Builds, build, our_handler
from benchmarks.cold.report import HELLO, KEYED, MINIMAL, NAIVE, OURS, Start
from benchmarks.cold.sandbox import Cost, Function, empty_page_cache, missing, sandbox
from benchmarks.cold.world import World, check, world

_WARM = 7
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "cold.md"


@dataclass(frozen=True)
class _Subject:
    """One function as it is built in one way, and what makes an event for it."""

    name: tuple[str, str]
    function: Function
    event: Callable[[], dict[str, Any]]


def main() -> None:
    """Build, measure, and say what came of it."""
    given = _arguments()
    if reason := missing():
        sys.exit(reason)
    with TemporaryDirectory(prefix="clipo-bench-") as folder, world(Path(folder)) as local:
        builds = build(Path(folder), given.only)
        if not builds.minimal_ffmpeg:
            _say("Our own ffmpeg is left out: `make layer` has not compiled it.")
        starts, cache = _measure_all(list(_subjects(builds, local)), local, given.rounds)
    report.show(starts, cache)
    print(json.dumps(report.document(starts, cache=cache, rounds=given.rounds), indent=2))
    if not sys.argv[1:] and builds.minimal_ffmpeg:  # else it is for whoever makes it
        report.write(_PAGE, starts, cache=cache, rounds=given.rounds, warm=_WARM)


def _say(progress: str) -> None:
    print(progress, file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7, help="cold starts of each")
    parser.add_argument("--only", nargs="+", choices=list(ARTIFACTS), default=list(ARTIFACTS))
    return parser.parse_args()


def _subjects(builds: Builds, local: World) -> Iterator[_Subject]:
    yield _Subject((HELLO, HELLO), Function(HELLO_FOLDER, "hello.handler", {}), dict)
    for name, folder in builds.ours.items():
        event = local.event_maker(name)
        environ = local.environ | {"POWERTOOLS_SERVICE_NAME": name}
        handler, wheel = our_handler(name), builds.wheel_ffmpeg
        yield _Subject((name, OURS), Function(folder, handler, environ, wheel), event)
        if name == "api":
            closed = Function(folder, handler, environ | {"ACCESS": "keys"}, wheel)
            yield _Subject((name, KEYED), closed, local.keyed_event)
        if name == "processing" and builds.minimal_ffmpeg:
            ours = Function(folder, handler, environ, builds.minimal_ffmpeg)
            yield _Subject((name, MINIMAL), ours, event)
        naive = Function(builds.naive[name], f"naive.{name}.handler", environ, wheel)
        yield _Subject((name, NAIVE), naive, event)


def _measure_all(subjects: list[_Subject], local: World, rounds: int) -> tuple[report.Starts, str]:
    """Return the medians, and how the page cache was emptied."""
    measured: dict[tuple[str, str], list[Start]] = {subject.name: [] for subject in subjects}
    cache = ""
    for round_ in range(rounds):
        for subject in subjects if round_ % 2 == 0 else subjects[::-1]:
            start, cache = _measure(subject, local)
            measured[subject.name].append(start)
            times = f"{start.init.wall_ms:.0f} + {start.first.wall_ms:.0f} ms"
            _say(f"{round_ + 1}/{rounds} {', '.join(subject.name)}: {times}")
    return {name: _typical(starts) for name, starts in measured.items()}, cache


def _measure(subject: _Subject, local: World) -> tuple[Start, str]:
    with sandbox(subject.function) as box:
        cache = empty_page_cache(subject.function)
        local.wake()
        for _ in range(1 + _WARM):
            event = subject.event()
            check(event, box.invoke(event))
        init, first, *warm = box.measured()
    return Start(init, first, _median(warm)), cache


def _typical(starts: list[Start]) -> Start:
    return Start(
        init=_median([start.init for start in starts]),
        first=_median([start.first for start in starts]),
        warm=_median([start.warm for start in starts]),
    )


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        **{f.name: statistics.median(getattr(cost, f.name) for cost in costs) for f in fields(Cost)}
    )


if __name__ == "__main__":
    main()
