"""Writes what was measured: ratios for people, figures for programs."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.cold.sandbox import Cost

HELLO, OURS, KEYED, MINIMAL, NAIVE = "hello world", "ours", "keyed", "minimal", "naive"
"""How a function is built. `KEYED` is ours, closed and called with an API key."""

_INTRODUCTION = """\
# Cold starts, compared with a naive build

`make bench-cold` made this page: {rounds} cold starts of each, in turn, on {machine};
{cache} before each.

- Each function runs as on Lambda: AWS's runtime interface emulator, a program in aws-sam-cli,
  starts `awslambdaric` on Python 3.13 at the first event. The local stack's
  MongoDB and S3, which are warm, answer the requests on this machine.
- *Ours*: the artifacts of `sam build`; *minimal*: the same with our own ffmpeg in the layer.
- *Keyed*: ours, which the other starts call without a credential (`ACCESS=open`), with
  `ACCESS=keys` and an API key in each request. The first one reads the key's record from MongoDB.
- *Naive*: the same code and locked packages, and boto3, with the wheel's ffmpeg. The packages are
  installed as by SAM's own builder: with all of botocore's services and without bytecode. Python
  compiles them at each start, because a function cannot write into its folder. The clients of
  boto3 and PyMongo and the application are created at import (`benchmarks/cold/naive`).
- *Hello world*: a handler that imports nothing. It shows the shortest possible start.
- *Init*: from the start of the runtime's process until it asks for an event. *First*: the first
  event, until it asks for the next: `POST /videos`; a stored clip of 2 s, 640x360, that becomes a
  thumbnail; a scheduled run of upkeep and of webhooks with nothing to do. *Warm*: the median of
  {warm} more. The emulator's clock
  measures all three.
- *Both*, CPU and disk are of init and first together. CPU is user and system time of the runtime's
  process and its ended children. Disk is the number of bytes that the kernel read for them
  (`read_bytes` in /proc). Peak is the memory of the runtime's process (`VmHWM`), without ffmpeg.

The figures are medians. Brackets hold ours divided by naive's. *By hello* is init divided by hello
world's, *by warm* the first event divided by a warm one. The functions run without a microVM: each
has all CPUs of this machine instead of a share that grows with its memory, and its layer is in the
folder `CLIPO_FFMPEG_DIR` instead of /opt. The figures do not include downloading and unpacking,
which Lambda does before init. Disks differ between machines, so rely on the ratios.

"""
_TARGETS = {("api", OURS): 0.45, ("processing", OURS): 0.35, ("processing", MINIMAL): 0.35}
"""Of naive's init."""

_FIRST_BY_WARM = 1.5


@dataclass(frozen=True)
class Start:
    """A cold start: of the runtime, of the first event, and an event when all is warm."""

    init: Cost
    first: Cost
    warm: Cost

    @property
    def first_by_warm(self) -> float:
        """Return how many times longer the first event took."""
        return self.first.wall_ms / self.warm.wall_ms


Starts = dict[tuple[str, str], Start]
"""By function and build."""

_FIGURES: dict[str, Callable[[Start], float]] = {
    "init ms": lambda start: start.init.wall_ms,
    "first ms": lambda start: start.first.wall_ms,
    "both ms": lambda start: start.init.wall_ms + start.first.wall_ms,
    "CPU ms": lambda start: start.init.cpu_ms + start.first.cpu_ms,
    "disk MB": lambda start: start.init.disk_mb + start.first.disk_mb,
    "peak MB": lambda start: start.first.peak_mb,
}
_COLUMNS = ["function, build", *_FIGURES, "by hello", "warm ms", "by warm"]


@dataclass(frozen=True)
class Target:
    """What was to be reached."""

    what: str
    ratio: float
    limit: float

    @property
    def is_met(self) -> bool:
        """Tell whether it was."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        """Return a line."""
        met = "met" if self.is_met else "NOT met"
        return f"{self.what}: {self.ratio:.2f}, at most {self.limit:.2f}: {met}"


def targets(starts: Starts) -> list[Target]:
    """Return those of the functions that were measured."""
    inits = [
        Target(
            f"{function}, {build}: init by naive's",
            starts[function, build].init.wall_ms / starts[function, NAIVE].init.wall_ms,
            limit,
        )
        for (function, build), limit in _TARGETS.items()
        if (function, build) in starts
    ]
    thumbnails = [
        Target(f"{name}, {build}: first by warm", start.first_by_warm, _FIRST_BY_WARM)
        for (name, build), start in starts.items()
        if name == "processing" and build != NAIVE
    ]
    return inits + thumbnails


def show(starts: Starts, cache: str) -> None:
    """Print the ratios to standard error: what goes to standard output is for programs."""
    console = Console(stderr=True, highlight=False)
    title = f"Cold starts, ours divided by naive; {cache}"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(_COLUMNS[0], no_wrap=True)
    for column in _COLUMNS[1:]:
        table.add_column(column.replace(" ", "\n"), justify="right", no_wrap=True)
    for cells in _rows(starts, lambda value, naive: f"{value / naive:.2f}"):
        table.add_row(*cells)
    console.print(table)
    for target in targets(starts):
        console.print(str(target), style="green" if target.is_met else "red")


def document(starts: Starts, *, cache: str, rounds: int) -> dict[str, Any]:
    """Return all figures and the targets."""
    return {
        "machine": _machine(),
        "cache": cache,
        "rounds": rounds,
        "starts": [
            {"function": function, "build": build, **asdict(start)}
            for (function, build), start in starts.items()
        ],
        "targets": [asdict(target) | {"met": target.is_met} for target in targets(starts)],
    }


def write(path: Path, starts: Starts, *, cache: str, rounds: int, warm: int) -> None:
    """Write the page."""
    page = _INTRODUCTION.format(rounds=rounds, machine=_machine(), cache=cache, warm=warm)
    rows = _rows(starts, lambda value, naive: f"{value:,.0f} ({value / naive:.2f})")
    lines = [_COLUMNS, ["---", *["---:"] * (len(_COLUMNS) - 1)], *rows]
    page += "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    page += "\n" + "".join(f"- {target}\n" for target in targets(starts))
    path.write_text(page)


def _rows(starts: Starts, compared: Callable[[float, float], str]) -> Iterator[list[str]]:
    """Yield the cells of all lines; `compared` writes a figure that naive's stands beside."""
    floor = starts[HELLO, HELLO].init.wall_ms
    for (function, build), start in starts.items():
        naive = starts.get((function, NAIVE))
        yield [
            function if build == HELLO else f"{function}, {build}",
            *(
                compared(figure(start), figure(naive))
                if naive and naive is not start
                else f"{figure(start):,.0f}"
                for figure in _FIGURES.values()
            ),
            f"{start.init.wall_ms / floor:.1f}",
            f"{start.warm.wall_ms:,.0f}",
            f"{start.first_by_warm:.1f}" if build != HELLO else "",
        ]


def _machine() -> str:
    return f"{platform.system()} {platform.machine()} with {os.cpu_count()} CPUs"
