"""Runs ffmpeg to write many frames of a video, each as the raw pixels of a tile."""

import re
from dataclasses import dataclass

from functions.core.storyboard import StoryboardPlan
from functions.media import probe, sandbox
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.probed import Probed

KEYFRAMES = ["-skip_frame", "nokey"]
"""Input options to decode only keyframes."""

_NAME = re.compile(r"tile-(-?\d{1,15})\.yuv")
_MOST_PER_TILE = 10
"""Frames per tile that ffmpeg may write: the index of a damaged file may lead to many keyframes."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a storyboard."""

    at_ms: int
    """Time of its frame, from the beginning of the file."""
    pixels: bytes
    """Full-range BT.601, 4:2:0, one plane after the other."""


@dataclass(frozen=True, slots=True)
class TileCommand:
    """The command that writes frames of one file as the pixels of tiles."""

    children: Children
    probed: Probed
    plan: StoryboardPlan

    def run(
        self,
        *options: str,
        location: str,
        stream: int | None = None,
        filters: str = "",
        limit_s: float | None = None,
    ) -> dict[int, bytes]:
        """Return the tiles by the time of their frames, in milliseconds on the input's clock.

        `options` are those of the input at `location`. `stream` is the picture's index there, if it
        differs from that in the file. `filters` select frames. There are fewer tiles if ffmpeg
        fails before the end.
        """
        command = [
            *(self.children.ffmpeg, "-nostdin", "-hide_banner", "-v", "repeat+error"),
            *("-filter_complex_threads", "1", *LIMITS, *OVER_HTTP, "-threads", "2"),
            *(probe.DEEP if self.probed.deep else []),
            *self.probed.colours.decoder_options(),
            *self.children.alpha_decoder_options(self.probed.colours.alpha_decoder),
            *(*options, "-i", location, "-filter_complex", self._filters(stream, filters)),
            *("-map", "[tiles]", "-map_metadata", "-1", "-fps_mode", "passthrough"),
            *("-enc_time_base", "1:1000", "-frames:v", str(_MOST_PER_TILE * self.plan.tiles)),
            *("-c:v", "rawvideo", "-threads", "1", "-f", "image2", "-frame_pts", "1"),
            *("-y", str(self.children.directory / "tile-%d.yuv")),
        ]
        if limit_s is None:
            self.children.try_run(*command)
        else:
            self.children.run(*command, limit_s=limit_s)
        return self._take()

    def _filters(self, stream: int | None, selecting: str) -> str:
        size = f"w={self.plan.tile_width}:h={self.plan.tile_height}"
        first = f"{selecting}," if selecting else ""
        stream = self.probed.index if stream is None else stream
        return f"[0:{stream}]{first}{self.probed.colours.filters(size)},setsar=1[tiles]"

    def _take(self) -> dict[int, bytes]:
        """Read the tiles that ffmpeg wrote, and remove them: a later run may not write all."""
        length = self.plan.tile_width * self.plan.tile_height * 3 // 2
        found = {}
        for file in self.children.directory.iterdir():
            name = _NAME.fullmatch(file.name)
            if not name:
                continue
            pixels = sandbox.read_output_file(file)
            if pixels and len(pixels) == length:
                found[int(name[1])] = pixels
            file.unlink()
        return dict(sorted(found.items()))
