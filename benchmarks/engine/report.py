"""Write the measurements as a table and as a picture."""

import math
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

_INTRODUCTION = """\
# Thumbnails by ranges, compared with the legacy way

`make bench` made this page: {rounds} rounds, alternating, on {machine}.

- Inputs: 10 minutes of 720p of about 100 MB, a keyframe every 2 s. The 4 GB file is sparse; it
  is downloaded once.
- Storage: a server on this machine, 30 ms to the first byte, 75 MB/s a connection.
- *Legacy*: download, `ffprobe -show_format`, `ffmpeg -i F -ss T -vframes 1 -s 320x240`.
- *Seek*: the same with `-ss T` before `-i F`: a common way today.
- *Ours*: the work of a warm processing function on a stored object: probe, thumbnail, and a check
  that the thumbnail is complete. [Where its milliseconds go](milliseconds.md).

The legacy way and *seek* download over one connection; ours opens several to read many bytes. Two
files do not contain their duration: the benchmark gives it to the first two ways, and ours finds it
itself. The server uses no TLS, and connections to it cost nothing.

The figures are medians. *ms* is the time of one run from start to end. *CPU ms* is that of this
process and its children. *Peak MB* is the largest size of this process and of its largest child
together. The server counted *MB* and *requests*. *Faster*, *less CPU* and *than seek* are the other
way's figure divided by ours; *bytes* is ours divided by the legacy way's.

![Time by container](engine.svg)

"""
_COLUMNS = [
    "file",
    *("legacy ms", "seek ms", "ours ms", "faster", "than seek"),
    *("legacy CPU ms", "ours CPU ms", "less CPU"),
    *("legacy MB", "ours MB", "bytes", "ours requests"),
    *("legacy peak MB", "ours peak MB"),
]


@dataclass(frozen=True)
class Figures:
    """Median costs of one way with one file."""

    wall_ms: float
    cpu_ms: float
    mb: float
    requests: int
    rss_mb: float


@dataclass(frozen=True)
class Row:
    """One file and its figures by way."""

    title: str
    ways: dict[str, Figures]


def write(folder: Path, rows: list[Row], rounds: int) -> str:
    """Write engine.md and engine.svg, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = _table(rows)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    page = _INTRODUCTION.format(rounds=rounds, machine=machine) + table
    (folder / "engine.md").write_text(page)
    (folder / "engine.svg").write_text(_picture(rows))
    return table


def _table(rows: list[Row]) -> str:
    lines = [_COLUMNS, ["---", *["---:"] * (len(_COLUMNS) - 1)]]
    for row in rows:
        legacy, seek, ours = (row.ways[way] for way in ("legacy", "seek", "ours"))
        lines.append(
            [
                row.title,
                *(f"{way.wall_ms:,.0f}" for way in (legacy, seek, ours)),
                f"**{legacy.wall_ms / ours.wall_ms:.0f}x**",
                f"{seek.wall_ms / ours.wall_ms:.1f}x",
                *(f"{legacy.cpu_ms:,.0f}", f"{ours.cpu_ms:,.0f}"),
                f"{legacy.cpu_ms / ours.cpu_ms:.0f}x",
                *(f"{legacy.mb:,.0f}", f"{ours.mb:,.1f}"),
                f"{ours.mb / legacy.mb:.1%}",
                *(str(ours.requests), f"{legacy.rss_mb:.0f}", f"{ours.rss_mb:.0f}"),
            ]
        )
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


_WIDTH, _LEFT, _BAR, _GAP = 760, 150, 11, 14
_COLOURS = {"legacy": "#b8bec9", "seek": "#8a93a5", "ours": "#2f7d4f"}
_LEGEND = {
    "legacy": "legacy: download, decode",
    "seek": "download, seek",
    "ours": "Clipo: ranges",
}


def _picture(rows: list[Row]) -> str:
    """Draw bars of time on a logarithmic scale: 100 ms to 100 s."""
    top = 64
    size = 'font-family="system-ui, sans-serif" font-size="12"'
    height = top + len(rows) * (3 * _BAR + _GAP) + 24
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {size}>',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(
                12,
                22,
                "Milliseconds from the stored video to its thumbnail (logarithmic)",
                'font-size="15"',
            ),
            *_legend(42),
            *_grid(top - 8, height - 24),
            *(
                line
                for index, row in enumerate(rows)
                for line in _bars(row, top + index * (3 * _BAR + _GAP))
            ),
            "</svg>\n",
        ]
    )


def _legend(y: int) -> Iterable[str]:
    for index, (way, colour) in enumerate(_COLOURS.items()):
        x = _LEFT + index * 200
        yield f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, y, _LEGEND[way])


def _grid(top: int, bottom: int) -> Iterable[str]:
    for power in range(2, 6):
        x = _x(10**power)
        yield f'<path d="M{x:.1f} {top}V{bottom}" stroke="#e3e6ec"/>'
        yield _text(x, bottom + 16, f"{10**power:,}", 'text-anchor="middle" fill="#666"')


def _bars(row: Row, y: int) -> Iterable[str]:
    yield _text(_LEFT - 10, y + 2 * _BAR, row.title, 'text-anchor="end"')
    for index, (way, colour) in enumerate(_COLOURS.items()):
        x, top = _x(row.ways[way].wall_ms), y + index * _BAR
        size = f'width="{x - _LEFT:.1f}" height="{_BAR - 1}"'
        yield f'<rect x="{_LEFT}" y="{top}" {size} fill="{colour}"/>'
        value = f"{row.ways[way].wall_ms:,.0f}"
        yield _text(x + 5, top + _BAR - 2, value, 'font-size="10" fill="#444"')


def _x(ms: float) -> float:
    """Return the place of a time: 50 ms at the left edge, 100 s at the right."""
    decades = math.log10(100_000 / 50)
    return _LEFT + (_WIDTH - _LEFT - 60) * math.log10(max(ms, 50) / 50) / decades


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'
