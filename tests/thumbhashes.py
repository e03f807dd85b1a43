"""Decodes ThumbHashes, as a page does."""

import math
from base64 import b64decode
from dataclasses import dataclass

Channel = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Placeholder:
    """The picture that a ThumbHash describes."""

    brightness: Channel
    yellow_blue: Channel
    red_green: Channel
    across: int
    down: int

    @classmethod
    def of(cls, text: str) -> "Placeholder":
        """Decode a ThumbHash in base64 of a picture without transparency."""
        bits = int.from_bytes(b64decode(text), "little")
        short, landscape = bits >> 24 & 7, bits >> 39 & 1
        across, down = (7, short) if landscape else (short, 7)
        halves = iter([bits >> at & 15 for at in range(40, 8 * len(b64decode(text)), 4)])

        def channel(average: float, scale: float, across: int, down: int) -> Channel:
            frequencies = [
                (x, y) for y in range(down) for x in range(across) if x * down < across * (down - y)
            ]
            found = {one: (next(halves) / 7.5 - 1) * scale for one in frequencies[1:]}
            return {(0, 0): average} | found

        return cls(
            channel((bits & 63) / 63, (bits >> 18 & 31) / 31, max(3, across), max(3, down)),
            channel((bits >> 6 & 63) / 31.5 - 1, (bits >> 27 & 63) / 63, 3, 3),
            channel((bits >> 12 & 63) / 31.5 - 1, (bits >> 33 & 63) / 63, 3, 3),
            across,
            down,
        )

    def pixel(self, x: float, y: float) -> tuple[float, float, float]:
        """Return the colour at a position, given as fractions of the picture's size."""
        light, yellow, red_green = (
            sum(strength * _wave(fx, x) * _wave(fy, y) for (fx, fy), strength in channel.items())
            for channel in (self.brightness, self.yellow_blue, self.red_green)
        )
        blue = light - 2 / 3 * yellow
        red = (3 * light - blue + red_green) / 2
        return 255 * red, 255 * (red - red_green), 255 * blue

    def tile(self, column: int, row: int, count: int) -> tuple[float, ...]:
        """Return the average colour of one of `count` by `count` parts."""
        parts = [i / 8 + 1 / 16 for i in range(8)]
        pixels = [self.pixel((column + x) / count, (row + y) / count) for x in parts for y in parts]
        return tuple(sum(channel) / len(pixels) for channel in zip(*pixels, strict=True))


def _wave(frequency: int, at: float) -> float:
    return math.cos(math.pi * frequency * at) * (2 if frequency else 1)
