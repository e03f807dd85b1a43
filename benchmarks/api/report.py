"""Writes what was measured: ratios for people, figures for programs."""

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

OURS, KEYED, BARE = "ours", "keyed", "bare"
"""`KEYED` is ours, called with an API key."""

_REST = "uvicorn, sockets, client"

_INTRODUCTION = """\
# Requests to the API, compared with a bare FastAPI route

`make bench-api` made this page: {rounds} rounds; in each round every load runs for {seconds:g} s,
one after the other, on {machine}; load average at the start {busy:.1f}.

- *Ours* is `python -m clipo.local.api_server`, as `make run` starts it: one process of uvicorn,
  with the local stack's MongoDB (SecantusDB) and settings, but `MAX_PENDING_VIDEOS=0`. Its log goes
  to /dev/null.
- *Bare* is the same server with the same flags, and a FastAPI application of two routes that do
  nothing (`benchmarks/api/bare.py`). It has the same methods, numbers of bytes read and written,
  and kind of route (`def`, one Pydantic model in and one out), and no middleware.
- `POST /videos` announces a video and signs its form; `GET /videos/{{id}}` reads one that is
  done.
- The load is one process with plain sockets, kept connections and requests made beforehand
  (`benchmarks/api/load.py`). It sends the next request as soon as it has an answer. It shares the
  CPUs with the server and MongoDB, and used at most {client:.0%} of one CPU.
- *Latency* (*median ms*, *p95 ms*) is from the first byte sent to the last received. *CPU ms* is
  the user and system time of the server's process, without MongoDB's.

All figures are medians of the rounds. Brackets hold ours divided by bare's: the median of the
rounds' ratios.

"""
_KEYED = """
## With an API key

The same requests to the same process, with an API key for all owners, divided by those without a
credential: the medians of the rounds' ratios. The key's record is in memory for 60 s.

"""
_SHARES = """
## What a request is spent on

- A copy of the API with clocks (`benchmarks/api/timed.py`) gets one request at a time, in the
  same rounds. The clocks are at `Catalog` and `Storage`, at Pydantic's fields as FastAPI calls
  them, where the answer's model is made, at the logger and the metrics (which the local stack
  does not write), and around the whole application, which includes the code of the routes.
- A part that runs inside another one is not counted there again. *Until it answers* comes from
  PyMongo's own events, from a command to its reply.
- *{rest}* is the rest of the latency that the client sees.
- The figures are means of the requests, and medians of the rounds. The parts include the clocks'
  own cost around them.
- {overhead}

"""


@dataclass(frozen=True)
class Setting:
    """How it was measured."""

    rounds: int
    seconds: float
    """Of each load."""
    busy: float
    """The load average before."""


@dataclass(frozen=True)
class Figures:
    """Of one load on one server."""

    requests: int
    per_s: float
    median_ms: float
    p95_ms: float
    mean_ms: float
    cpu_ms: float
    """Of the server, for one request."""
    client_share: float
    """Of one CPU, which the load took itself."""


@dataclass(frozen=True)
class Timed:
    """Of the API with clocks in it."""

    figures: Figures
    parts_ms: dict[str, float]
    """Of one request, without what the client sees beside them."""


@dataclass(frozen=True)
class Round:
    """Everything once."""

    figures: dict[tuple[str, int, str], Figures]
    """By request, connections and server."""
    timed: dict[str, Timed]
    """By request."""


_FIGURES: dict[str, Callable[[Figures], float]] = {
    "requests/s": lambda figures: figures.per_s,
    "median ms": lambda figures: figures.median_ms,
    "p95 ms": lambda figures: figures.p95_ms,
    "CPU ms": lambda figures: figures.cpu_ms,
}
_LOADS = ["request", "connections"]
_BOTH = [f"{name}, {who}" for name in _FIGURES for who in (OURS, BARE)]


@dataclass(frozen=True)
class _Compared:
    """Medians of the rounds."""

    ours: float
    bare: float
    ratio: float


def show(rounds: list[Round]) -> None:
    """Print the ratios to standard error: what goes to standard output is for programs."""
    console = Console(stderr=True, highlight=False)
    ratios = _loads(rounds, lambda of: [f"{of.ratio:.2f}"])
    console.print(_table("Ours divided by bare", [*_LOADS, *_FIGURES], ratios))
    keyed = _key_ratios(rounds)
    console.print(_table("With an API key divided by without", [*_LOADS, *_FIGURES], keyed))
    console.print(_table("What a request is spent on", *_shares(rounds)))
    console.print(_overhead(rounds))


def _table(title: str, columns: list[str], rows: Iterable[list[str]]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column.replace(" ", "\n"), justify="right", no_wrap=True)
    for cells in rows:
        table.add_row(*cells)
    return table


def document(rounds: list[Round], setting: Setting) -> dict[str, Any]:
    """Return the medians of all figures."""
    return {
        "machine": _machine(),
        **asdict(setting),
        "loads": [
            {"request": name, "connections": at_once, "server": who}
            | {field.name: _median(rounds, key, field.name) for field in fields(Figures)}
            for key in rounds[0].figures
            for name, at_once, who in [key]
        ],
        "parts_ms": {name: _parts_ms(rounds, name) for name in rounds[0].timed},
        "timed_by_ours": {name: _slower(rounds, name) for name in rounds[0].timed},
    }


def write(path: Path, rounds: list[Round], setting: Setting) -> None:
    """Write the page."""
    client = max(figures.client_share for each in rounds for figures in each.figures.values())
    page = _INTRODUCTION.format(**asdict(setting), machine=_machine(), client=client)
    lines = _loads(rounds, lambda of: [f"{_short(of.ours)} ({of.ratio:.2f})", _short(of.bare)])
    page += _markdown([*_LOADS, *_BOTH], lines)
    page += _KEYED + _markdown([*_LOADS, *_FIGURES], _key_ratios(rounds))
    page += _SHARES.format(overhead=_overhead(rounds), rest=_REST.capitalize())
    page += _markdown(*_shares(rounds))
    path.write_text(page)


def _key_ratios(rounds: list[Round]) -> Iterator[list[str]]:
    """Yield what the API key costs: with it, divided by without it."""
    for name, at_once in dict.fromkeys((name, at_once) for name, at_once, _ in rounds[0].figures):
        keyed = [
            _compare(rounds, name, at_once, of, one=KEYED, other=OURS).ratio
            for of in _FIGURES.values()
        ]
        yield [name, str(at_once), *(f"{ratio:.2f}" for ratio in keyed)]


def _loads(rounds: list[Round], written: Callable[[_Compared], list[str]]) -> Iterator[list[str]]:
    for name in rounds[0].timed:
        for at_once in sorted({at_once for _, at_once, _ in rounds[0].figures}):
            cells = (written(_compare(rounds, name, at_once, of)) for of in _FIGURES.values())
            yield [name, str(at_once), *chain.from_iterable(cells)]


def _compare(
    rounds: list[Round],
    name: str,
    at_once: int,
    figure: Callable[[Figures], float],
    *,
    one: str = OURS,
    other: str = BARE,
) -> _Compared:
    ours, bare = (
        [figure(each.figures[name, at_once, who]) for each in rounds] for who in (one, other)
    )
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    return _Compared(*map(statistics.median, (ours, bare, ratios)))


def _shares(rounds: list[Round]) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of what a request is spent on."""
    by_name = {name: _parts_ms(rounds, name) for name in rounds[0].timed}
    columns = [
        "part",
        *(f"{name.split()[0]} {unit}" for name in by_name for unit in ("ms", "share")),
    ]
    # Not every request has each part.
    parts = list(dict.fromkeys(part for parts_ms in by_name.values() for part in parts_ms))
    rows = [[part, *_of_all(by_name, part)] for part in sorted(parts, key=lambda p: p == _REST)]
    return columns, rows


def _of_all(by_name: dict[str, dict[str, float]], part: str) -> Iterator[str]:
    for parts_ms in by_name.values():
        ms = parts_ms.get(part, 0.0)
        yield from (f"{ms:.3f}", f"{ms / sum(parts_ms.values()):.0%}")


def _parts_ms(rounds: list[Round], name: str) -> dict[str, float]:
    """Return all parts of a request, and what is left of it, largest first."""
    timed = [each.timed[name] for each in rounds]
    parts_ms = {
        part: statistics.median(one.parts_ms[part] for one in timed) for part in timed[0].parts_ms
    }
    rest = statistics.median(one.figures.mean_ms - sum(one.parts_ms.values()) for one in timed)
    parts_ms[_REST] = rest
    return dict(sorted(parts_ms.items(), key=lambda item: -item[1]))


def _overhead(rounds: list[Round]) -> str:
    slower = (f"{_slower(rounds, name):.2f}x for `{name}`" for name in rounds[0].timed)
    return f"With the clocks the median latency is {' and '.join(slower)}."


def _slower(rounds: list[Round], name: str) -> float:
    return statistics.median(
        each.timed[name].figures.median_ms / each.figures[name, 1, OURS].median_ms
        for each in rounds
    )


def _median(rounds: list[Round], key: tuple[str, int, str], figure: str) -> float:
    return float(statistics.median(getattr(each.figures[key], figure) for each in rounds))


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"  # noqa: PLR2004 (3 digits)


def _markdown(columns: list[str], rows: Iterable[list[str]]) -> str:
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()} with {os.cpu_count()} CPUs"
    return f"{system}, Python {platform.python_version()}"
