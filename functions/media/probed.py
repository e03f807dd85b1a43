"""The content of ffprobe's report: the metadata, and the times of the picture."""

import math
from dataclasses import dataclass, replace

from functions.core.media import Media
from functions.media.colour import Colours

_LONG_TICK_S = 0.002
"""Length of a tick from which on its rounding is not that of times in milliseconds."""

_EXACT = 1e-6
"""Share of a tick below which a number is whole."""


@dataclass(frozen=True, slots=True)
class Probed:
    """The content of a report: the metadata, and facts that decide how to find a frame."""

    media: Media
    index: int
    """Index of the stream with the picture."""
    start_s: float
    """Time at which the file begins."""
    late_s: float
    """Seconds from the file's beginning to the picture's."""
    length_s: float | None
    """Duration of the picture: sound and subtitles may be longer."""
    frame_s: float
    """Shortest time that a frame is shown, 0 if the rate is unknown."""
    tick_s: float
    """The unit of the picture's times, 0 if it is unknown."""
    palette: bool
    """True if the colours come from a table that only the beginning of the file contains."""
    colours: Colours
    protected: bool
    """True if any part of the file is encrypted, perhaps only a later part or the sound."""
    packet_seen: bool
    """True if the first packets include a video packet, which is then not encrypted."""
    frames: float = 0
    """The number of pictures that the header states."""
    deep: bool = False
    """True if the picture begins so late that only `probe.DEEP` finds it."""
    joined: bool = False
    """True if the times jump, so that only decoding from the beginning finds a moment."""

    @property
    def end_s(self) -> float:
        """The time at which the file ends, 0 if its duration is unknown."""
        return self.start_s + (self.media.duration_s or 0)

    def without_duration(self) -> "Probed":
        """Return the same description of a file that states a wrong duration."""
        media = replace(self.media, duration_s=None, bit_rate=None)
        return replace(self, media=media, length_s=None)

    def tick_after_s(self, at_s: float) -> float:
        """Return the first tick at or after a moment, if ticks are so long that it matters.

        ffmpeg rounds the moment to which it seeks, and the one from which it shows frames, to the
        nearest tick. In AVI and Ogg files a tick is as long as a frame.
        """
        if self.tick_s < _LONG_TICK_S:
            return at_s
        return math.ceil((self.start_s + at_s) / self.tick_s - _EXACT) * self.tick_s - self.start_s

    def position_s(self, share: float) -> float:
        """Return the moment after a share of the picture's duration, 0 if it is unknown."""
        at_s = (self.length_s or 0) * share
        return round(at_s + self.late_s if self.late_s > at_s > 0 else at_s, 3)
