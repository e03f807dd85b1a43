"""The command with which ffmpeg writes one frame as a JPEG."""

from dataclasses import dataclass
from pathlib import Path

from functions.media import probe, sandbox, shown
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.colour import Colours
from functions.media.sandbox import Finished

_THUMBNAIL_BOX = (320, 240)
"""Largest width and height in pixels, as in the legacy API; the aspect ratio is kept."""


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

    def run(self, *, limit_s: float | None = None) -> Finished:
        """Run ffmpeg."""
        return self.children.run(*self._command(), limit_s=limit_s)

    def try_run(self) -> Finished | None:
        """Run ffmpeg. Return `None` if it takes too long for an optional step."""
        return self.children.try_run(*self._command())

    def take_jpeg(self) -> bytes | None:
        """Return the JPEG that ffmpeg wrote, if it did, and remove it: a later run may not."""
        jpeg = sandbox.read_output_file(self._jpeg)
        if jpeg:
            self._jpeg.unlink()
        return jpeg

    @property
    def _jpeg(self) -> Path:
        return self.children.directory / "thumbnail.jpg"

    def _command(self) -> list[str]:
        skip = ["-ss", f"{self.skip_s:.3f}"] if self.skip_s else []
        return [
            *(self.children.ffmpeg, "-nostdin", "-hide_banner", "-v", "repeat+error"),
            *(*LIMITS, *OVER_HTTP, *self._input(), *skip),
            *("-map", f"0:{self.stream}", "-an", "-sn", "-dn", "-map_metadata", "-1"),
            # If the size changes, the thumbnail must not get the shape of an earlier frame.
            *("-frames:v", "1", "-noautoscale", "-vf", self._filters()),
            *("-q:v", "2", "-f", "image2", "-update", "1", "-y", str(self._jpeg)),
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

        They keep the aspect ratio, never enlarge, and print the frames after the skipped ones for
        `shown.parse`.
        """
        width, height = _THUMBNAIL_BOX
        across = f"iw*{shown.PIXEL_ASPECT}"
        factor = f"min(1,min({width}/({across}),{height}/ih))"
        wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (across, "ih"))
        size = f"w='{wide}':h='{shown.expression(self.skip_s)};{high}':eval=frame"
        return f"{self.colours.filters(size)},setsar=1"
