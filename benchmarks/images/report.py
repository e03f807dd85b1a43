"""Write the measurements as tables."""

import platform
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images.ways import LEGACY, OURS, URL

_MEMORY_GB = 1769 / 1024
"""Memory of the images function: with so much it has one full CPU."""

_VIDEOS = 1000
_INTRODUCTION = """\
# Storyboards and images, compared with plain ffmpeg

`make bench-images` made this page: {rounds} rounds of ours and one of the others, on {machine}.

- Inputs: an hour of 720p of about 600 MB, a keyframe every 2 s.
- Storage: a server on this machine, 30 ms to the first byte, 75 MB/s a connection.
- *Legacy*: download, then decode with ffmpeg: all frames for a storyboard of 100 tiles, and those
  up to the moment for an image of 640 pixels at 37%.
- *URL*: ffmpeg on the URL, with `-skip_frame nokey` for a storyboard and `-ss` for an image.
- *Ours*: the work of a warm images function: probe, read by ranges, and check the picture. It needs
  neither the duration nor the size, which the record has.

*ms* is the time of one run from start to end, the median for ours. *MB* and *requests* are those
that the server counted. *Bytes* is the share of the file. *Peak MB* is the largest size of the
process and of its largest child together.

"""


@dataclass(frozen=True)
class Figures:
    """The costs of one picture."""

    wall_ms: float
    cpu_ms: float
    mb: float
    share: float
    requests: int
    rss_mb: float


@dataclass(frozen=True)
class Row:
    """One container and its figures by way."""

    container: str
    ways: dict[str, Figures]

    def cells(self) -> list[str]:
        """Return the cells of a table."""
        legacy, url, ours = (self.ways[way] for way in (LEGACY, URL, OURS))
        return [
            self.container,
            *(f"{way.wall_ms:,.0f}" for way in (legacy, url, ours)),
            f"**{legacy.wall_ms / ours.wall_ms:.0f}x**",
            f"{url.wall_ms / ours.wall_ms:.0f}x",
            *(f"{way.cpu_ms:,.0f}" for way in (legacy, url, ours)),
            *(f"{ours.mb:,.1f}", f"{ours.share:.1%}", str(ours.requests)),
            *(f"{ours.rss_mb:.0f}",),
        ]


_HEADS = [
    *("file", "legacy ms", "URL ms", "ours ms", "faster", "than URL"),
    *("legacy CPU ms", "URL CPU ms", "ours CPU ms"),
    *("ours MB", "bytes", "requests", "peak MB"),
]


@dataclass(frozen=True)
class Page:
    """The results of one run."""

    storyboards: list[Row]
    images: list[Row]
    images_ms: dict[str, list[float]]
    """The times of images at many moments, by container."""
    rounds: int

    def write(self, folder: Path) -> str:
        """Write images.md, and return it without its introduction."""
        machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        found = "\n".join(
            [
                f"## Storyboards\n\n{_markdown(_HEADS, (row.cells() for row in self.storyboards))}",
                f"## An image\n\n{_markdown(_HEADS, (row.cells() for row in self.images))}",
                f"## Images of 20 moments, ours\n\n{self._moments()}",
                f"## Compute behind 1,000 videos\n\n{self._compute()}",
            ]
        )
        page = _INTRODUCTION.format(rounds=self.rounds, machine=machine) + found
        (folder / "images.md").write_text(page)
        return found

    def _moments(self) -> str:
        rows = (
            [container, *(f"{value:,.0f}" for value in (statistics.median(ms), p95(ms), max(ms)))]
            for container, ms in self.images_ms.items()
        )
        return _markdown(["file", "median ms", "p95 ms", "largest ms"], rows)

    def _compute(self) -> str:
        rows = (
            [row.container, f"{compute_gb_s(row.ways[OURS].wall_ms):,.0f}"]
            for row in self.storyboards
        )
        text = (
            "GB-s of the images function for a storyboard of each of 1,000 such videos, at 1769 MB:"
            " the time above, without cold starts and requests to storage.\n\n"
        )
        return text + _markdown(["file", "GB-s"], rows)


def compute_gb_s(wall_ms: float) -> float:
    """Return the compute that Lambda bills for so much time with each of 1,000 videos, in GB-s."""
    return _VIDEOS * wall_ms / 1000 * _MEMORY_GB


def p95(times_ms: list[float]) -> float:
    """Return the time that 95% do not exceed."""
    return sorted(times_ms)[max(0, -(-len(times_ms) * 95 // 100) - 1)]


def _markdown(heads: list[str], lines: Iterable[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *lines))
