"""The command with which ffmpeg writes one frame, as a picture and as a few pixels."""

from dataclasses import dataclass
from pathlib import Path

from functions.media import probe, sandbox, shown, thumbhash
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.colour import Colours
from functions.media.drawing import Drawing
from functions.media.sandbox import Finished

_FEW_PIXELS = (
    f"scale={thumbhash.SIDE}:{thumbhash.SIDE}:flags=area:in_color_matrix=bt601:in_range=pc,"
    "format=rgb24"
)
"""Filters that make a JPEG as small as `thumbhash` and `plain` need it."""

_SIZE_OF_FEW_PIXELS = 3 * thumbhash.SIDE**2


@dataclass(frozen=True, slots=True)
class FrameCommand:
    """The command that writes one frame of a stream.

    ffmpeg jumps to `jump_s`, decodes forward from the keyframe before it, and drops the frames of
    the next `skip_s` seconds.
    """

    children: Children
    stream: str
    """The stream, as ffmpeg's specifier within the file."""
    colours: Colours
    drawing: Drawing
    jump_s: float = 0
    skip_s: float = 0
    deep: bool = False
    """Whether to search longer for a picture that begins late."""
    is_last: bool = False
    """Whether to write the last frame, instead of the first one after `skip_s`."""

    def run(self, *, limit_s: float | None = None) -> Finished:
        """Run ffmpeg."""
        return self.children.run(*self._command(), limit_s=limit_s)

    def try_run(self) -> Finished | None:
        """Run ffmpeg. Return `None` if it takes too long for an optional step."""
        return self.children.try_run(*self._command())

    def take_picture(self) -> bytes | None:
        """Return the picture that ffmpeg wrote, if it did, and remove it: a later run may not."""
        return _take(self._picture)

    def take_pixels(self) -> bytes | None:
        """Return the red, green and blue of `_FEW_PIXELS`, and remove the file."""
        pixels = _take(self._pixels)
        return pixels if pixels and len(pixels) == _SIZE_OF_FEW_PIXELS else None

    @property
    def _picture(self) -> Path:
        return self.children.directory / f"frame.{self.drawing.format}"

    @property
    def _pixels(self) -> Path:
        return self.children.directory / "frame.rgb"

    def _command(self) -> list[str]:
        return [
            *(self.children.ffmpeg, "-nostdin", "-hide_banner", "-v", "repeat+error"),
            # One frame is scaled sooner than the filters start more threads.
            *("-filter_complex_threads", "1"),
            *(*LIMITS, *OVER_HTTP, *self._input(), *self._outputs()),
        ]

    def _outputs(self) -> list[str]:
        filters = f"[0:{self.stream}]{self._filters()}"
        encoder = self.drawing.encoder
        if not self.drawing.has_few_pixels:
            drawn = ["-filter_complex", f"{filters}[picture]"]
            return [*drawn, *self._output("picture", self._picture, *encoder)]
        filters += f",split[picture][copy];[copy]{_FEW_PIXELS}[few]"
        return [
            *("-filter_complex", filters),
            *self._output("picture", self._picture, *encoder),
            *self._output("few", self._pixels, "-c:v", "rawvideo"),
        ]

    def _output(self, label: str, file: Path, *encoding: str) -> list[str]:
        return [
            # If the size changes, the picture must not get the shape of an earlier frame.
            *("-map", f"[{label}]", "-map_metadata", "-1", "-noautoscale"),
            # Each frame replaces the one before it in the file.
            *([] if self.is_last else ["-frames:v", "1"]),
            *(*encoding, "-threads", "1", "-f", "image2", "-update", "1", "-y", str(file)),
        ]

    def _input(self) -> list[str]:
        return [
            # `-ss 0` would drop frames whose time is unknown or negative.
            *("-threads", "2", *(["-ss", f"{self.jump_s:.3f}"] if self.jump_s > 0 else [])),
            *(probe.DEEP if self.deep else []),
            *self.colours.decoder_options(),
            *self.children.alpha_decoder_options(self.colours.alpha_decoder),
            *("-i", self.children.source.location),
        ]

    def _filters(self) -> str:
        """Return filters that draw the picture with square pixels.

        They print each frame for `shown.parse`. Skipped frames are dropped first, because scaling
        them takes as long as decoding them.
        """
        drawing = self.drawing
        size = f"w='{drawing.width}':h='{shown.VALUES};{drawing.height}':eval=frame"
        skip = f"trim=start={self.skip_s:.3f}," if self.skip_s else ""
        crop = f",{drawing.crop}" if drawing.crop else ""
        return f"{skip}{self.colours.filters(size, drawing.range)}{crop},setsar=1"


def _take(file: Path) -> bytes | None:
    content = sandbox.read_output_file(file)
    if content:
        file.unlink()
    return content
