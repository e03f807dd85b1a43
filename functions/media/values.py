"""Reads single values of ffprobe's report, which is untrusted."""

import re
from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]

MAX_NUMBER = 2**53
"""Upper bound of the numbers that JSON and the database hold exactly."""

MAX_RATE = 300
"""Frames per second above which a stated rate is more likely the rate of a clock."""

_MAX_COUNTED_RATE = 1000
"""Frames per second, exclusive, that the number of frames may prove."""

_HALF_TURN = 180
_MATRIX = re.compile(
    r"^00000000: +(-?\d{1,10}) +(-?\d{1,10}) .*\n00000001: +(-?\d{1,10}) +(-?\d{1,10}) ",
    re.MULTILINE,
)
"""The upper left corner of ffprobe's dump of a display matrix."""


def rotation(part: Report) -> int:
    """Return the rotation in degrees clockwise; ffprobe reports it anticlockwise.

    As in ffmpeg, a rotation that is not within a degree of a quarter turn counts as none. ffprobe
    reports a mirrored picture as turned by a half.
    """
    for side_data in part.get("side_data_list", []):
        if "rotation" in side_data:
            degrees = -float(side_data["rotation"])
            quarters = round(degrees / 90)
            turned = quarters * 90 % 360 if abs(degrees - quarters * 90) < 1 else 0
            mirrored = _is_mirrored(side_data.get("displaymatrix", ""))
            return 0 if turned == _HALF_TURN and mirrored else turned
    return 0


def _is_mirrored(matrix: str) -> bool:
    """Tell whether a display matrix turns the picture over: its determinant is negative."""
    found = _MATRIX.search(matrix)
    if not found:
        return False
    a, b, c, d = map(int, found.groups())
    return a * d - b * c < 0


def frame_rate(video: Report) -> float | None:
    """Return the frames per second: 29.97 for "30000/1001". One frame has no rate."""
    frames, length_s = positive(video.get("nb_frames")), positive(video.get("duration"))
    if frames == 1:
        return None
    stated = next((rate for rate in stated_rates(video) if rate <= MAX_RATE), None)
    counted = frames / length_s if frames and length_s else 0
    if not stated and 0 < counted < _MAX_COUNTED_RATE:
        stated = counted
    return round(stated, 3) if stated else None


def stated_rates(video: Report) -> list[float]:
    """Return the average and the base frame rate that a stream states."""
    rates = [ratio(video.get(name)) for name in ("avg_frame_rate", "r_frame_rate")]
    return [rate for rate in rates if rate]


def ratio(text: str | None) -> float | None:
    """Return the value of "4/3", and `None` for "0/0"."""
    above, _, below = (text or "").partition("/")
    numerator, denominator = positive(above), positive(below)
    return numerator / denominator if numerator and denominator else None


def positive(text: str | None) -> float | None:
    """Return a number above zero that can be stored, `None` for "0", "N/A" and the like."""
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if 0 < number < MAX_NUMBER else None


def whole(text: object) -> int | None:
    """Return a whole number above zero that can be stored, `None` for "0", "N/A" and the like."""
    number = positive(str(text)) if isinstance(text, str | int) else None
    return int(number) if number else None
