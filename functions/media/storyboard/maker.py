"""Makes the storyboard of a video, in the way that reads least and is still sure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from functions.core.failures import UNDECODABLE, BadMedia
from functions.core.pictures import PictureFormat
from functions.core.storyboard import StoryboardPlan
from functions.media import encoders, sandbox
from functions.media.children import CHILD_S, Budget, Children
from functions.media.engine import select_decoder
from functions.media.header import HeaderReader
from functions.media.picture import Picture
from functions.media.reader.source import OpenSource
from functions.media.splice.views import View, Views
from functions.media.storyboard.linear import take_linear
from functions.media.storyboard.listed import take_listed
from functions.media.storyboard.reel import take_reel
from functions.media.storyboard.sheet import encode_sheet
from functions.media.storyboard.tiles import Tile, TileCommand

_SMALL = 8 << 20
"""Size of the largest file, in bytes, that is decoded from its beginning to its end."""

_QUICK = 4_000_000_000
"""Most pixels to decode where keyframes would do: about 10 s of 4K, or 3 minutes of 720p."""

_USUAL_RATE = 30
_INDEXED = {"mp4", "mov", "matroska", "webm", "avi", "asf", "flv"}
"""Containers in which ffmpeg finds the keyframe before a moment."""


class StoryboardMaker:
    """Makes storyboards with the ffprobe and ffmpeg of one directory."""

    def __init__(self, ffmpeg_dir: Path, *, memory: int = sandbox.MAX_MEMORY) -> None:
        """Use the programs of a directory. `memory` limits each of them, in bytes."""
        self._memory = memory
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")

    def make(
        self,
        source: OpenSource,
        plan: StoryboardPlan,
        picture_format: PictureFormat,
        *,
        directory: Path,
        remaining_s: Callable[[], float],
    ) -> Picture:
        """Return the sheet of a storyboard.

        The child processes work in `directory`. `remaining_s` returns the seconds that this
        function may still run. Raises `NoEncoder`, `BadMedia` if the file is at fault, and
        `OutOfTime`.
        """
        encoders.check(self._ffmpeg, picture_format)
        views, budget = Views(source), Budget.of(remaining_s())
        children = Children(
            self._ffmpeg, self._ffprobe, self._memory, views.header(), directory, budget
        )
        probed = HeaderReader(children, views, stores_location=False).read()
        probed.colours.write_table(directory)
        decoding = replace(select_decoder(children, probed.media.video_codec), source=source)
        tiles = _Film(TileCommand(decoding, probed, plan), views).tiles()
        return encode_sheet(children, plan, tiles, picture_format)


@dataclass(frozen=True, slots=True)
class _Film:
    """The pictures of one file."""

    command: TileCommand
    views: Views

    def tiles(self) -> list[bytes]:
        """Return the pixels of each tile."""
        wanted = [cue.start_ms for cue in self.command.plan.cues]
        if self._is_quick and self.command.children.source.size <= _SMALL:
            return self._decode(wanted)
        found = self._keyframes(wanted)
        if not found:
            return self._decode(wanted)
        is_sparse = len({tile.at_ms for tile in found.values()}) < len(wanted)
        if is_sparse and self._is_quick:
            found = take_linear(self.command) or found
        return _filled(wanted, found)

    @property
    def _is_quick(self) -> bool:
        """Whether decoding all frames takes seconds at most."""
        media = self.command.probed.media
        frames = (media.duration_s or 0) * (media.frame_rate or _USUAL_RATE)
        return media.width * media.height * frames <= _QUICK

    def _decode(self, wanted: list[int]) -> list[bytes]:
        found = take_linear(self.command, limit_s=CHILD_S)
        if not found:
            raise BadMedia(UNDECODABLE)
        return _filled(wanted, found)

    def _keyframes(self, wanted: list[int]) -> dict[int, Tile]:
        """Return the tile of the keyframe before each moment. Nothing if in doubt."""
        probed = self.command.probed
        if probed.joined or probed.palette:
            return {}
        found = take_reel(self.command, wanted)
        if found:
            return found
        if probed.media.container in _INDEXED:
            found = take_listed(self.command, {at_ms: self._view(at_ms) for at_ms in wanted})
            # The picture may begin after the first moments.
            if found and len(found) == sum(at_ms >= min(found) for at_ms in wanted):
                return found
        return take_linear(self.command, only_keyframes=True, limit_s=CHILD_S)

    def _view(self, at_ms: int) -> View:
        probed = self.command.probed
        at_s = probed.start_s + at_ms / 1000
        return self.views.around(at_s, at_s, file_end_s=probed.end_s)


def _filled(wanted: list[int], found: dict[int, Tile]) -> list[bytes]:
    """Return a tile for each moment: where there is none, the one before it, or else the first."""
    last = found[min(found)].pixels
    pixels = []
    for at_ms in wanted:
        last = found[at_ms].pixels if at_ms in found else last
        pixels.append(last)
    return pixels
