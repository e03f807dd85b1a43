"""The chart of colours for the HDR tests, and the distance between two colours."""

import colorsys
import math
import subprocess
from pathlib import Path

from clipo.local.ffmpeg import wheel_binary
from functions.media.thumbnail import Frame
from tests.clips import ffmpeg

RGB = tuple[int, int, int]

_CELL = 32
_COLUMNS, _ROWS = 20, 10
_GREYS = [(value, value, value) for value in (0.25, 0.5, 0.75, 1.0)]
PATCHES = _GREYS + [
    colorsys.hsv_to_rgb(hue / 12, saturation, value)
    for saturation in (0.2, 0.4, 0.6, 0.8)
    for value in (0.25, 0.5, 0.75, 1.0)
    for hue in range(12)
]
"""The patches of the chart as BT.2020 signals, with saturations of up to 80%."""

CHART_SIZE = f"{_COLUMNS * _CELL}x{_ROWS * _CELL}"


def write_chart(path: Path, transfer: str, *arguments: str) -> None:
    """Encode the chart, tagged as BT.2020 with a transfer function."""
    tags = f"range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}"
    raw = path.with_suffix(".rgb48")
    raw.write_bytes(_pixels())
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "rgb48le", "-video_size", CHART_SIZE, "-i", str(raw)),
        *("-vf", f"scale=out_color_matrix=bt2020nc:out_range=tv,setparams={tags}"),
        *(*arguments, str(path)),
    )


def patches_of(frame: Frame) -> list[RGB]:
    """Return the colours in the middle of the patches of a chart's picture."""
    command = [str(wheel_binary("ffmpeg")), "-v", "error", "-i", "-"]
    rgb = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    finished = subprocess.run([*command, *rgb], input=frame.jpeg, capture_output=True, check=True)
    return read_patches(finished.stdout, frame.width)


def read_patches(pixels: bytes, width: int) -> list[RGB]:
    """Return the colours in the middle of the patches of a picture, given as RGB bytes."""
    cell = width // _COLUMNS
    found = []
    for place in range(len(PATCHES)):
        row, column = divmod(place, _COLUMNS)
        at = 3 * (width * (row * cell + cell // 2) + column * cell + cell // 2)
        red, green, blue = pixels[at : at + 3]
        found.append((red, green, blue))
    return found


def difference(one: RGB, other: RGB) -> float:
    """Return the difference CIEDE2000 of two sRGB colours. About 2 is just visible."""
    return ciede2000(_lab(one), _lab(other))


def ciede2000(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Return the difference of two colours in CIELAB.

    The names are those of Sharma, Wu and Dalal: "The CIEDE2000 color-difference formula".
    """
    (l1, a1, b1), (l2, a2, b2) = one, other
    c_mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - _chroma_weight(c_mean))
    c1, c2 = math.hypot((1 + g) * a1, b1), math.hypot((1 + g) * a2, b2)
    h1 = math.degrees(math.atan2(b1, (1 + g) * a1)) % 360
    h2 = math.degrees(math.atan2(b2, (1 + g) * a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0
    delta_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    h_mean = h1 + turn / 2 if c1 * c2 else h1 + h2
    t = (
        1
        - 0.17 * _cos(h_mean - 30)
        + 0.24 * _cos(2 * h_mean)
        + 0.32 * _cos(3 * h_mean + 6)
        - 0.20 * _cos(4 * h_mean - 63)
    )
    lightness = (l2 - l1) / (1 + 0.015 * (l_mean - 50) ** 2 / math.sqrt(20 + (l_mean - 50) ** 2))
    chroma = (c2 - c1) / (1 + 0.045 * c_mean)
    hue = delta_h / (1 + 0.015 * c_mean * t)
    theta = 30 * math.exp(-((((h_mean % 360) - 275) / 25) ** 2))
    rotation = -math.sin(math.radians(2 * theta)) * 2 * _chroma_weight(c_mean)
    return math.sqrt(lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue)


def _pixels() -> bytes:
    picture = b""
    for row in range(_ROWS):
        patches = PATCHES[row * _COLUMNS : (row + 1) * _COLUMNS]
        patches += [(0, 0, 0)] * (_COLUMNS - len(patches))
        line = b"".join(_rgb48(patch) * _CELL for patch in patches)
        picture += line * _CELL
    return picture


def _rgb48(patch: tuple[float, float, float]) -> bytes:
    return b"".join(round(channel * 65535).to_bytes(2, "little") for channel in patch)


def _lab(colour: RGB) -> tuple[float, float, float]:
    """Return the CIELAB coordinates of an sRGB colour under D65."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (_perceived(part) for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _linear(signal: float) -> float:
    return signal / 12.92 if signal <= 0.04045 else float(((signal + 0.055) / 1.055) ** 2.4)


def _perceived(part: float) -> float:
    return part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116


def _chroma_weight(chroma: float) -> float:
    return math.sqrt(chroma**7 / (chroma**7 + 25**7))


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
