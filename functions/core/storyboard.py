"""A storyboard: one sheet of small pictures of a video, and the files that tell players its tiles.

A player shows the tile of the moment under the pointer while the user moves along the timeline.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

_TILES, _TILES_OF_LONG = 50, 100
_LONG_MS = 15 * 60 * 1000
"""Duration above which a video is long."""

_SHORTEST_MS = 200
"""Shortest time to show one tile. Two frames of a video may be so far apart."""

_BOX = 160
"""Largest width and height of a tile in pixels."""

_COLUMNS = 10
"""Most tiles in a row. So a sheet has at most 1600 pixels a side, far below WebP's 16383."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The time during which a player shows one tile, and the tile's place on the sheet."""

    start_ms: int
    end_ms: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class StoryboardPlan:
    """The tiles of a storyboard. Each is shown for the same share of the duration."""

    duration_ms: int
    tiles: int
    tile_width: int
    """Width in pixels, an even number."""
    tile_height: int

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return min(self.tiles, _COLUMNS)

    @property
    def rows(self) -> int:
        """Rows of tiles. The last one may have fewer tiles than the others."""
        return -(-self.tiles // self.columns)

    @property
    def width(self) -> int:
        """Width of the sheet in pixels."""
        return self.columns * self.tile_width

    @property
    def height(self) -> int:
        """Height of the sheet in pixels."""
        return self.rows * self.tile_height

    @property
    def cues(self) -> Iterator[Cue]:
        """The cues in order. The first starts at 0, and the last ends at the duration."""
        bounds = [self.duration_ms * number // self.tiles for number in range(self.tiles + 1)]
        for number in range(self.tiles):
            row, column = divmod(number, self.columns)
            x, y = column * self.tile_width, row * self.tile_height
            yield Cue(bounds[number], bounds[number + 1], x, y)


def plan_storyboard(duration_s: float, width: int, height: int) -> StoryboardPlan:
    """Return the tiles for a video of a duration, and of a size in pixels as shown.

    A short video gets fewer tiles, so that they differ. A tile keeps the aspect ratio and is not
    larger than the video, except that each side has at least 2 pixels.
    """
    duration_ms = max(1, round(duration_s * 1000))
    most = _TILES_OF_LONG if duration_ms > _LONG_MS else _TILES
    factor = min(1, _BOX / max(width, height))
    return StoryboardPlan(
        duration_ms=duration_ms,
        tiles=max(1, min(most, duration_ms // _SHORTEST_MS)),
        tile_width=_even(width * factor),
        tile_height=_even(height * factor),
    )


def to_vtt(plan: StoryboardPlan, sheet_url: str) -> str:
    """Return a WebVTT file of which each cue names a tile as a part of the sheet.

    Players resolve a relative `sheet_url` against the address of the file.
    https://www.w3.org/TR/media-frags/#naming-space
    """
    size = f"{plan.tile_width},{plan.tile_height}"
    cues = (
        f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{sheet_url}#xywh={cue.x},{cue.y},{size}\n"
        for cue in plan.cues
    )
    return "\n".join(["WEBVTT\n", *cues])


def to_json(plan: StoryboardPlan, sheet_url: str) -> str:
    """Return the same as JSON, in the shape of Mux. Times are in seconds.

    https://www.mux.com/docs/guides/create-timeline-hover-previews
    """
    return json.dumps(
        {
            "url": sheet_url,
            "tile_width": plan.tile_width,
            "tile_height": plan.tile_height,
            "duration": plan.duration_ms / 1000,
            "tiles": [{"start": cue.start_ms / 1000, "x": cue.x, "y": cue.y} for cue in plan.cues],
        }
    )


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)


def _time(ms: int) -> str:
    """Return a WebVTT timestamp: 01:02:03.004."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
