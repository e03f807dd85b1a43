"""Writes the figures of the catalog's queries as a page and a picture."""

import math
import platform
from collections.abc import Iterable
from html import escape
from pathlib import Path

Figures = dict[str, dict[int, float]]
"""Milliseconds by query and number of records."""

_INTRODUCTION = """\
# The catalog's queries by the number of records

`make bench-catalog` made this page, on {system} {machine}, Python {python}, with the local MongoDB
(SecantusDB): medians of five, in milliseconds, each a call of a function from start to end. *-* is
a query that took more than 2 s with fewer records. [What it means](../scale.md).

Half of the videos belong to owners of 100 each, half to one large owner. A list is a page of 50.

![Time by number of records](catalog.svg)

"""


def write(folder: Path, figures: Figures) -> str:
    """Write catalog.md and catalog.svg, and return the table."""
    introduction = _INTRODUCTION.format(
        system=platform.system(), machine=platform.machine(), python=platform.python_version()
    )
    (folder / "catalog.md").write_text(introduction + table(figures))
    (folder / "catalog.svg").write_text(_picture(figures))
    return table(figures)


def table(figures: Figures) -> str:
    """Return the figures as a table in Markdown."""
    sizes = _sizes(figures)
    heads = ["query", *(f"{size:,}" for size in sizes)]
    rows = [[name, *(_cell(known.get(size)) for size in sizes)] for name, known in figures.items()]
    rule = ["---", *["---:"] * len(sizes)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *rows))


def _sizes(figures: Figures) -> list[int]:
    return sorted({size for known in figures.values() for size in known})


def _cell(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:,.1f}"


_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 60, 220, 48, 36
_LEAST_MS, _MOST_MS = 0.1, 100_000
_COLOURS = (
    *("#2f7d4f", "#c2571a", "#3867b5", "#8b3a8f", "#b08900", "#1f8a8c"),
    *("#d0455c", "#5b6472", "#7a9a01", "#00609c", "#e07b00", "#444444"),
)


def _picture(figures: Figures) -> str:
    """Draw a line for each query, both axes logarithmic."""
    sizes = _sizes(figures)
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {font}>',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            _text(12, 22, "Milliseconds by number of records", 'font-size="15"'),
            *_grid(sizes),
            *_lines(figures, sizes),
            "</svg>\n",
        ]
    )


def _grid(sizes: list[int]) -> Iterable[str]:
    for power in range(-1, 6):
        y = _y(10**power)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e3e6ec"/>'
        yield _text(_LEFT - 8, y + 4, f"{10**power:,}", 'text-anchor="end" fill="#666"')
    for size in sizes:
        yield _text(_x(size, sizes), _HEIGHT - 12, f"{size:,}", 'text-anchor="middle" fill="#666"')


def _lines(figures: Figures, sizes: list[int]) -> Iterable[str]:
    for index, ((name, known), colour) in enumerate(zip(figures.items(), _COLOURS, strict=True)):
        points = " ".join(f"{_x(size, sizes):.1f},{_y(ms):.1f}" for size, ms in known.items())
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        y = _TOP + 16 * index
        left = _WIDTH - _RIGHT + 20
        yield f'<rect x="{left}" y="{y - 9}" width="12" height="4" fill="{colour}"/>'
        yield _text(left + 18, y - 3, name)


def _x(size: int, sizes: list[int]) -> float:
    decades = math.log10(sizes[-1] / sizes[0]) or 1
    return _LEFT + 20 + (_WIDTH - _LEFT - _RIGHT - 40) * math.log10(size / sizes[0]) / decades


def _y(ms: float) -> float:
    share = math.log10(max(ms, _LEAST_MS) / _LEAST_MS) / math.log10(_MOST_MS / _LEAST_MS)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'
