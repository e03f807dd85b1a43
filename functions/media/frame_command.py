"""The command with which ffmpeg writes one frame, as a JPEG and as a few pixels."""

from dataclasses import dataclass
from pathlib import Path

from functions.media import probe, sandbox, shown, thumbhash
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.colour import Colours
from functions.media.sandbox import Finished

_THUMBNAIL_BOX = (320, 240)
"""Largest width and height in pixels, as in the legacy API; the aspect ratio is kept."""

_FEW_PIXELS = (
    f"scale={thumbhash.SIDE}:{thumbhash.SIDE}:flags=area:in_color_matrix=bt601:in_range=pc,"
    "format=rgb24"
)
"""Filters that make the thumbnail as small as `thumbhash` and `plain` need it."""

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
    jump_s: float = 0
    skip_s: float = 0
    deep: bool = False
    """Whether to search longer for a picture that begins late."""

    def run(self, *, limit_s: float | None = None) -> Finished:
        """Run ffmpeg."""
        return self.children.run(*self._command(), limit_s=limit_s)

    def try_run(self) -> Finished | None:
        """Run ffmpeg. Return `None` if it takes too long for an optional step."""
        return self.children.try_run(*self._command())

    def take_jpeg(self) -> bytes | None:
        """Return the JPEG that ffmpeg wrote, if it did, and remove it: a later run may not."""
        return _take(self._jpeg)

    def take_pixels(self) -> bytes | None:
        """Return the red, green and blue of `_FEW_PIXELS`, and remove the file."""
        pixels = _take(self._pixels)
        return pixels if pixels and len(pixels) == _SIZE_OF_FEW_PIXELS else None

    @property
    def _jpeg(self) -> Path:
        return self.children.directory / "thumbnail.jpg"

    @property
    def _pixels(self) -> Path:
        return self.children.directory / "thumbnail.rgb"

    def _command(self) -> list[str]:
        filters = f"[0:{self.stream}]{self._filters()},split[jpeg][copy];[copy]{_FEW_PIXELS}[few]"
        return [
            *(self.children.ffmpeg, "-nostdin", "-hide_banner", "-v", "repeat+error"),
            # One frame is scaled sooner than the filters start more threads.
            *("-filter_complex_threads", "1"),
            *(*LIMITS, *OVER_HTTP, *self._input(), "-filter_complex", filters),
            *self._output("jpeg", self._jpeg, "-q:v", "2"),
            *self._output("few", self._pixels, "-c:v", "rawvideo"),
        ]

    def _output(self, label: str, file: Path, *encoding: str) -> list[str]:
        return [
            # If the size changes, the thumbnail must not get the shape of an earlier frame.
            *("-map", f"[{label}]", "-map_metadata", "-1", "-frames:v", "1", "-noautoscale"),
            *(*encoding, "-threads", "1", "-f", "image2", "-update", "1", "-y", str(file)),
        ]

    def _input(self) -> list[str]:
        return [
            # `-ss 0` would drop frames whose time is unknown or negative.
            *("-threads", "2", *(["-ss", f"{self.jump_s:.3f}"] if self.jump_s > 0 else [])),
            *(probe.DEEP if self.deep else []),
            *(*self.colours.decoder_options(), *self._alpha_decoder()),
            *("-i", self.children.source.location),
        ]

    def _alpha_decoder(self) -> list[str]:
        """Select the decoder that reads the picture's transparency, if this ffmpeg contains it."""
        decoder = self.colours.alpha_decoder
        if not decoder:
            return []
        described = self.children.run(
            self.children.ffmpeg, "-v", "error", "-h", f"decoder={decoder}"
        )
        return ["-c:v", decoder] if described.stdout.startswith(b"Decoder") else []

    def _filters(self) -> str:
        """Return filters that fit the picture into a box, with even sides and square pixels.

        They keep the aspect ratio, never enlarge, and print each frame for `shown.parse`. Skipped
        frames are dropped first, because scaling them takes as long as decoding them.
        """
        width, height = _THUMBNAIL_BOX
        across = f"iw*{shown.PIXEL_ASPECT}"
        factor = f"min(1,min({width}/({across}),{height}/ih))"
        wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (across, "ih"))
        size = f"w='{wide}':h='{shown.VALUES};{high}':eval=frame"
        skip = f"trim=start={self.skip_s:.3f}," if self.skip_s else ""
        return f"{skip}{self.colours.filters(size)},setsar=1"


def _take(file: Path) -> bytes | None:
    content = sandbox.read_output_file(file)
    if content:
        file.unlink()
    return content
