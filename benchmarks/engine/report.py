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
  is downloaded once. The bit rate of the others is even, so that ours finds the picture where it
  guesses it ([ADR 51](../decisions/0051-a-tenth-of-the-bytes-at-once.md)).
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
_LARGE_INTRODUCTION = """\
# Thumbnails of large files

`make bench ARGS=--large` made this page: {rounds} rounds on {machine}.

The files are those of [the comparison](engine.md), 40 times as long: 6 hours 40 minutes of 720p.
They repeat one stream with increasing times, so they have real boundaries throughout. Storage
and columns are the same as there. *Times* is *ms* divided by *ms at 100 MB*. An AVI file without an
index is missing: Clipo counts its pictures up to the moment, so its cost grows with its size.

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


@dataclass(frozen=True)
class OurRow:
    """One file and the figures of our way."""

    title: str
    mb: float
    figures: Figures

    @property
    def share(self) -> float:
        """The share of the file's bytes that was read."""
        return self.figures.mb / self.mb


def table_of_ours(rows: list[OurRow]) -> str:
    """Return the figures of our way as a table."""
    heads = ["file", "MB", "ms", "CPU ms", "MB read", "bytes", "requests", "peak MB"]
    return _markdown(heads, ([row.title, f"{row.mb:,.0f}", *_cells(row)] for row in rows))


def write_large(folder: Path, rows: list[tuple[OurRow, OurRow]], rounds: int) -> str:
    """Write engine-large.md, with the usual and the large size of each file; return the table."""
    heads = ["file", "MB", "ms", "CPU ms", "MB read", "bytes", "requests", "peak MB"]
    heads += ["ms at 100 MB", "times"]
    lines = (
        [
            *(large.title, f"{large.mb:,.0f}", *_cells(large), f"{usual.figures.wall_ms:,.0f}"),
            f"{large.figures.wall_ms / usual.figures.wall_ms:.2f}",
        ]
        for usual, large in rows
    )
    table = _markdown(heads, lines)
    introduction = _LARGE_INTRODUCTION.format(rounds=rounds, machine=_machine())
    (folder / "engine-large.md").write_text(introduction + table)
    return table


def write(folder: Path, rows: list[Row], rounds: int) -> str:
    """Write engine.md and engine.svg, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = _table(rows)
    page = _INTRODUCTION.format(rounds=rounds, machine=_machine()) + table
    (folder / "engine.md").write_text(page)
    (folder / "engine.svg").write_text(_picture(rows))
    return table


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _cells(row: OurRow) -> list[str]:
    ours = row.figures
    return [
        *(f"{ours.wall_ms:,.0f}", f"{ours.cpu_ms:,.0f}", f"{ours.mb:,.1f}", f"{row.share:.1%}"),
        *(str(ours.requests), f"{ours.rss_mb:.0f}"),
    ]


def _markdown(heads: list[str], lines: Iterable[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *lines))


def _table(rows: list[Row]) -> str:
    lines = []
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
    return _markdown(_COLUMNS, lines)


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
