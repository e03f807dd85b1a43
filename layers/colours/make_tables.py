"""Writes the tables with which the engine converts BT.2020 colours, HDR and SDR, to BT.709.

Usage: python layers/colours/make_tables.py    rewrites functions/media/tables/*.cube

ffmpeg's filter `lut3d` reads them. Each table repeats this chain of filters, which needs libzimg:

    zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,
    zscale=t=bt709:m=bt709:r=tv

The table of SDR colours repeats zscale=p=bt709:t=bt709:m=gbr:r=pc.

The reasons are in docs/decisions/0034-hdr-by-tables.md.
"""

import math
import operator
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "functions" / "media" / "tables"

_SIZE = 17
"""Entries of a table along each axis. `lut3d` interpolates between them."""

_REFERENCE_WHITE_NITS = 203
_HLG_PEAK_NITS = 1000
_PQ_PEAK_NITS = 10_000

_HLG_LOGARITHMIC = 0.5
"""The HLG signal above which the curve is logarithmic."""

_BT2020_TO_BT709 = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)
"""Linear BT.2020 to linear BT.709, from BT.2087."""

_KNEE = 0.3
"""Linear light, in parts of the reference white, up to which the tone mapping changes nothing."""

_PEAK = 10
"""Linear light, in parts of the reference white, that the tone mapping turns into white."""

_GAMMA = 2.4
"""The gamma of SDR displays (BT.1886)."""

Colour = tuple[float, float, float]


def from_pq(signal: float) -> float:
    """Return the linear light of a PQ signal (SMPTE ST 2084), in parts of the reference white."""
    power = signal ** (1 / 78.84375)
    light = max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return float(_PQ_PEAK_NITS / _REFERENCE_WHITE_NITS * light ** (1 / 0.1593017578125))


def from_hlg(signal: float) -> float:
    """Return the linear light of an HLG signal (BT.2100), in parts of the reference white.

    As in libzimg, the system gamma of 1.2 applies to each channel, not to the luminance.
    """
    if signal <= _HLG_LOGARITHMIC:
        scene = signal**2 / 3
    else:
        scene = (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return float(_HLG_PEAK_NITS / _REFERENCE_WHITE_NITS * scene**1.2)


def from_sdr(signal: float) -> float:
    """Return the linear light of an SDR signal (BT.1886), in parts of its white."""
    return float(signal**_GAMMA)


def _compress(light: float) -> float:
    """Return the light after ffmpeg's `tonemap=mobius`."""
    if light <= _KNEE:
        return light
    scale = _KNEE**2 - 2 * _KNEE + _PEAK
    a = -(_KNEE**2) * (_PEAK - 1) / scale
    b = (_KNEE**2 - 2 * _KNEE * _PEAK + _PEAK) / (_PEAK - 1)
    return (b + _KNEE) ** 2 / (b - a) * (light + a) / (light + b)


def _clip_chroma(red: float, green: float, blue: float) -> Colour:
    """Clip colours outside BT.709 as 8 bits of limited-range YCbCr do."""
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    red = luma + 1.5748 * min(max((red - luma) / 1.5748, -128 / 224), 127 / 224)
    blue = luma + 1.8556 * min(max((blue - luma) / 1.8556, -128 / 224), 127 / 224)
    return red, (luma - 0.2126 * red - 0.0722 * blue) / 0.7152, blue


def convert(linear: Callable[[float], float], signal: Colour) -> Colour:
    """Return the BT.709 signal of a BT.2020 signal; both are R'G'B' from 0 to 1."""
    bt2020 = [linear(channel) for channel in signal]
    bt709 = [sum(map(operator.mul, row, bt2020)) for row in _BT2020_TO_BT709]
    if linear is from_sdr:
        red, green, blue = (min(max(channel, 0), 1) ** (1 / _GAMMA) for channel in bt709)
        return red, green, blue
    brightest = max(*bt709, 1e-6)
    mapped = [channel * _compress(brightest) / brightest for channel in bt709]
    red, green, blue = (math.copysign(abs(channel) ** (1 / _GAMMA), channel) for channel in mapped)
    red, green, blue = (min(max(channel, 0), 1) for channel in _clip_chroma(red, green, blue))
    return red, green, blue


def table(linear: Callable[[float], float]) -> str:
    """Return a table in the format .cube, in which red changes fastest."""
    axis = [step / (_SIZE - 1) for step in range(_SIZE)]
    colours = [
        convert(linear, (red, green, blue)) for blue in axis for green in axis for red in axis
    ]
    lines = [" ".join(f"{round(channel, 4):g}" for channel in colour) for colour in colours]
    return "\n".join([f"LUT_3D_SIZE {_SIZE}", *lines, ""])


TABLES = {"hlg.cube": from_hlg, "pq.cube": from_pq, "bt2020.cube": from_sdr}


if __name__ == "__main__":
    for name, linear in TABLES.items():
        (FOLDER / name).write_text(table(linear))
