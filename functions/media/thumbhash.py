"""Computes a ThumbHash: a blurred picture of about 25 bytes, to show while the thumbnail loads.

It holds the strongest low frequencies of a picture's brightness and of two colour differences, by a
discrete cosine transform (DCT), as numbers of 4 to 6 bits. https://evanw.github.io/thumbhash/
"""

import math
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul

SIDE = 32
"""Width and height, in pixels, of the square to which the picture is scaled beforehand.

The frequencies are relative to the picture's sides, so its aspect ratio is not needed for them.
"""

_MAX_WAVES = 7
"""Frequencies of the brightness along the longer side, with the one that is its average."""

_MIN_WAVES = 3
"""Frequencies of a colour difference along each side, and of the brightness at least."""

_WAVES = [
    [math.cos(math.pi / SIDE * frequency * (at + 0.5)) / SIDE for at in range(SIDE)]
    for frequency in range(_MAX_WAVES)
]
_LARGEST = 255
"""Largest value of a pixel's red, green or blue."""


@dataclass(frozen=True, slots=True)
class _Channel:
    """The frequencies of one channel."""

    average: float
    strengths: list[float]
    """The other frequencies, row by row, from the low ones to the high ones."""

    @property
    def scale(self) -> float:
        """The largest strength."""
        return max(map(abs, self.strengths))

    def halves(self) -> Iterator[int]:
        """Yield each strength in four bits, relative to the largest one."""
        scale = self.scale or 1
        for strength in self.strengths:
            yield _rounded(15 * (0.5 + 0.5 * strength / scale))


def thumbhash(pixels: bytes, width: int, height: int) -> str:
    """Return the ThumbHash, in base64, of a picture of `width` to `height`.

    `pixels` has red, green and blue of each pixel of the picture, scaled to `SIDE` by `SIDE`.
    """
    red, green, blue = (pixels[colour::3] for colour in range(3))
    across, down = _waves(width, height), _waves(height, width)
    colours = list(zip(red, green, blue, strict=True))
    brightness = _transform([(r + g + b) / 3 for r, g, b in colours], across, down)
    yellow_blue = _transform([(r + g) / 2 - b for r, g, b in colours], _MIN_WAVES, _MIN_WAVES)
    red_green = _transform([r - g for r, g, _ in colours], _MIN_WAVES, _MIN_WAVES)
    is_landscape = width > height
    head = _pack(
        (_rounded(63 * brightness.average), 6),
        (_rounded(31.5 + 31.5 * yellow_blue.average), 6),
        (_rounded(31.5 + 31.5 * red_green.average), 6),
        (_rounded(31 * brightness.scale), 5),
        (0, 1),  # not transparent
        (_stated_waves(height, width) if is_landscape else _stated_waves(width, height), 3),
        (_rounded(63 * yellow_blue.scale), 6),
        (_rounded(63 * red_green.scale), 6),
        (int(is_landscape), 1),
    )
    halves = [half for part in (brightness, yellow_blue, red_green) for half in part.halves()]
    return b64encode(head + _pack(*((half, 4) for half in halves))).decode()


def _stated_waves(side: int, other: int) -> int:
    """Return how many frequencies fit a side: from this number decoders know the aspect ratio."""
    return max(1, _rounded(_MAX_WAVES * side / max(side, other)))


def _waves(side: int, other: int) -> int:
    return max(_MIN_WAVES, _stated_waves(side, other))


def _transform(values: Sequence[float], across: int, down: int) -> _Channel:
    """Return the lowest frequencies of a channel: those of a triangle in the corner of its DCT."""
    rows = [values[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    strengths = []
    columns = [[_product(row, wave) for row in rows] for wave in _WAVES[:across]]
    for y in range(down):
        for x in range(across):
            if x * down >= across * (down - y):
                break
            strengths.append(_product(columns[x], _WAVES[y]) / _LARGEST)
    return _Channel(strengths[0], strengths[1:])


def _product(values: Sequence[float], wave: Sequence[float]) -> float:
    product: float = sum(map(mul, values, wave))
    return product


def _rounded(number: float) -> int:
    """Round half up, as other encoders do; Python rounds half to even."""
    return math.floor(number + 0.5)


def _pack(*numbers: tuple[int, int]) -> bytes:
    """Return numbers of the given lengths in bits, the first one in the lowest bits."""
    packed = at = 0
    for number, bits in numbers:
        packed |= number << at
        at += bits
    return packed.to_bytes((at + 7) // 8, "little")
