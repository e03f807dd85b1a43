"""Makes the image of any moment of a video, with ffprobe and ffmpeg in a sandbox."""

import math
from collections.abc import Callable
from pathlib import Path

from functions.core.pictures import ImageSpec, PictureFormat
from functions.media import drawing, encoders, sandbox
from functions.media.children import Budget, Children
from functions.media.engine import select_decoder
from functions.media.frame_finder import FrameFinder
from functions.media.header import HeaderReader
from functions.media.picture import Picture
from functions.media.probed import Probed
from functions.media.reader.source import OpenSource
from functions.media.splice.views import Views


class ImageMaker:
    """Makes images with the ffprobe and ffmpeg of one directory."""

    def __init__(self, ffmpeg_dir: Path, *, memory: int = sandbox.MAX_MEMORY) -> None:
        """Use the programs of a directory. `memory` limits each of them, in bytes."""
        self._memory = memory
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")

    def check(self, picture_format: PictureFormat) -> None:
        """Raise `NoEncoder` if ffmpeg cannot write a format. To be called before opening a source.

        Only the first call takes longer: its answer is kept.
        """
        encoders.check(self._ffmpeg, picture_format)

    def make(
        self,
        source: OpenSource,
        spec: ImageSpec,
        *,
        directory: Path,
        remaining_s: Callable[[], float],
    ) -> Picture:
        """Return the image of the frame that is shown at a moment, after the end the last frame.

        The child processes work in `directory`. `remaining_s` returns the seconds that this
        function may still run. Raises `NoEncoder`, `BadMedia` if the file is at fault, and
        `OutOfTime`.
        """
        self.check(spec.format)
        views, budget = Views(source), Budget.of(remaining_s())
        children = Children(
            self._ffmpeg, self._ffprobe, self._memory, views.header(), directory, budget
        )
        probed = HeaderReader(children, views, stores_location=False).read()
        probed.colours.write_table(directory)
        children = select_decoder(children, probed.media.video_codec)
        encoders.check(children.ffmpeg, spec.format)
        finder = FrameFinder(children, views, drawing.image(spec))
        return _find(finder, probed, spec.at_ms / 1000)


def _find(finder: FrameFinder, probed: Probed, at_s: float) -> Picture:
    end_s = probed.late_s + (probed.length_s or math.inf)
    taken = finder.at(probed, at_s) if at_s < end_s else None
    # The picture may end before the sound does, or its last frame may be shown for a long time.
    taken = taken or finder.last(probed, min(at_s, end_s)) or finder.first(probed)
    return taken.picture
