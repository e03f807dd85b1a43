"""Reads from ffmpeg's log the time and the displayed size of the frame that it wrote.

The header of a file may contradict its pictures, so size and aspect come from the decoded frame,
which ffmpeg has already rotated and cropped. The `scale` filter evaluates an expression for each
frame, and `print` writes its values to standard error at the level of an error.
https://ffmpeg.org/ffmpeg-utils.html#Expression-Evaluation
"""

import re
from dataclasses import dataclass
from itertools import pairwise

MAX_PIXEL_ASPECT = 10
"""Largest ratio of a pixel's sides. Beyond it the file is damaged, and pixels count as square."""

PIXEL_ASPECT = f"if(between(sar,{1 / MAX_PIXEL_ASPECT},{MAX_PIXEL_ASPECT}),sar,1)"
"""The pixel aspect of a frame, as an expression of the `scale` filter."""

_LINE = r"\[Eval @ 0x[0-9a-f]+\] "
_PRINTED = re.compile(
    rf"^{_LINE}(\d{{1,12}})\.0+\n{_LINE}(\d{{1,3}}\.\d+)\n{_LINE}(-?\d{{1,9}}\.\d+|-?nan)$",
    re.MULTILINE,
)
_SIDE = 1 << 16
"""Factor that joins width and height in one number, so that both belong to the same frame."""

VALUES = f"print(iw*{_SIDE}+ih,16);print({PIXEL_ASPECT},16);print(t,16)"
"""The expression that prints size, aspect and time of each frame."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame that ffmpeg wrote."""

    width: int
    """Width in pixels as shown: rotated, cropped, and with square pixels."""
    height: int
    at_s: float
    """Seconds from the moment that ffmpeg sought to the frame."""


def parse(stderr: str) -> Shown | None:
    """Return the first frame that ffmpeg wrote, `None` if it printed none."""
    printed = _PRINTED.findall(stderr)
    if not printed:
        return None
    # A new filter graph evaluates the expression once, at time 0, before its first frame.
    same = (later for earlier, later in pairwise(printed) if earlier[0] == later[0])
    sides, aspect, at_s = next(same, printed[0])
    width, height = divmod(int(sides), _SIDE)
    if not 0 < width < _SIDE or not height:
        return None
    return Shown(max(1, round(width * float(aspect))), height, max(0.0, float(at_s)))
