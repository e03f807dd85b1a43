"""Compares the tiles of a storyboard with the frames that plain ffmpeg shows."""

import re
import subprocess
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clipo.local.ffmpeg import wheel_binary
from functions.core.pictures import PictureFormat
from functions.core.storyboard import StoryboardPlan, plan_storyboard
from functions.media.engine import Engine
from functions.media.picture import Picture
from functions.media.storyboard.maker import StoryboardMaker
from tests.fakes.uploads import FileUploads, open_clip

_REMAINING_S = 300.0
_TIME = re.compile(r" pts_time:(\S+)")
_EVERY = 11
_CLOSE = 12
"""Largest mean difference between the pixels of a tile and of the frame that it shows."""


@dataclass(frozen=True)
class Board:
    """A storyboard, and the cost of making it."""

    plan: StoryboardPlan
    picture: Picture
    bytes_read: int
    requests: int

    def tiles(self) -> list[bytes]:
        """Return the red, green and blue of each tile's pixels."""
        pixels, row = rgb(self.picture.content), 3 * self.plan.width
        return [
            b"".join(
                pixels[y * row + 3 * cue.x : y * row + 3 * (cue.x + self.plan.tile_width)]
                for y in range(cue.y, cue.y + self.plan.tile_height)
            )
            for cue in self.plan.cues
        ]


@dataclass(frozen=True)
class Shown:
    """A frame that plain ffmpeg shows."""

    at_s: float
    pixels: bytes


def make_board(
    clip: Path,
    ffmpeg_dir: Path,
    directory: Path,
    picture_format: PictureFormat = PictureFormat.JPEG,
) -> Board:
    """Make the storyboard of a clip."""
    with open_clip(clip, directory) as source:
        media = (
            Engine(ffmpeg_dir)
            .inspect(source, directory=directory, remaining_s=lambda: _REMAINING_S)
            .media
        )
    plan = plan_storyboard(media.duration_s or 0, media.width, media.height)
    with open_clip(clip, directory, FileUploads()) as source:
        picture = StoryboardMaker(ffmpeg_dir).make(
            source, plan, picture_format, directory=directory, remaining_s=lambda: _REMAINING_S
        )
        return Board(plan, picture, source.bytes_read, source.requests)


def frames_of(clip: Path, plan: StoryboardPlan, *, only_keyframes: bool) -> list[Shown]:
    """Return the frames of a clip, as large as a tile. The times begin with the file."""
    command = [
        *(str(wheel_binary("ffmpeg")), "-v", "info", "-nostdin", "-i", str(clip)),
        *("-map", "0:V:0", "-fps_mode", "passthrough", "-f", "rawvideo"),
        *("-vf", f"scale={plan.tile_width}:{plan.tile_height},format=rgb24,showinfo", "-"),
    ]
    finished = subprocess.run(command, capture_output=True, check=True)
    lines = [line for line in finished.stderr.decode().splitlines() if " pts_time:" in line]
    size = 3 * plan.tile_width * plan.tile_height
    assert len(finished.stdout) == size * len(lines)
    return [
        Shown(float(_TIME.findall(line)[0]), finished.stdout[number * size : (number + 1) * size])
        for number, line in enumerate(lines)
        if " iskey:1 " in line or not only_keyframes
    ]


def assert_shows(board: Board, frames: Sequence[Shown]) -> None:
    """Check that each tile shows the last of the frames that begins by its cue's start."""
    times_ms = [round(frame.at_s * 1000) for frame in frames]
    for number, (cue, tile) in enumerate(zip(board.plan.cues, board.tiles(), strict=True)):
        expected = max(0, bisect_right(times_ms, cue.start_ms) - 1)
        near = range(max(0, expected - 2), min(len(frames), expected + 3))
        distances = {at: distance(tile, frames[at].pixels) for at in near}
        closest = min(distances, key=lambda at: distances[at])
        assert distances[expected] <= min(distances[closest] * 1.02, _CLOSE), (
            f"tile {number} at {cue.start_ms} ms shows {times_ms[closest]} ms"
            f" instead of {times_ms[expected]} ms: {distances}"
        )


def distance(one: bytes, other: bytes) -> float:
    """Return the mean difference between some values of two pictures of the same size."""
    pairs = list(zip(one[::_EVERY], other[::_EVERY], strict=True))
    return sum(abs(a - b) for a, b in pairs) / len(pairs)


def rgb(picture: bytes, scale: tuple[int, int] | None = None) -> bytes:
    """Return the red, green and blue of each pixel of a JPEG or WebP, perhaps in another size."""
    demuxer = "webp_pipe" if picture.startswith(b"RIFF") else "jpeg_pipe"
    sized = f"scale={scale[0]}:{scale[1]}," if scale else ""
    finished = subprocess.run(
        [
            *(str(wheel_binary("ffmpeg")), "-v", "error", "-f", demuxer, "-i", "-"),
            *("-vf", f"{sized}format=rgb24", "-f", "rawvideo", "-"),
        ],
        input=picture,
        capture_output=True,
        check=True,
    )
    return finished.stdout
