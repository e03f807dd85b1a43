"""Tells whether a picture is plain: nearly black, or of one colour."""

from operator import mul

_DARK = 20
"""Average brightness, 0 to 255, up to which a picture of little contrast counts as black."""

_FAINT = 16
"""Largest standard deviation of the brightness at which a dark picture counts as black."""

_FLAT = 4
"""Largest standard deviation of the brightness at which a picture counts as one colour."""


def is_plain(pixels: bytes) -> bool:
    """Tell from the red, green and blue of its pixels whether a small picture is plain.

    A small picture has no noise, which would look like content.
    """
    average, variance = _brightness(pixels)
    return variance <= _FLAT**2 or (average <= _DARK and variance <= _FAINT**2)


def contrast(pixels: bytes) -> float:
    """Return a number that is larger the more the brightness of the pixels differs."""
    return _brightness(pixels)[1]


def _brightness(pixels: bytes) -> tuple[float, float]:
    """Return the average brightness of a picture, and its variance."""
    colours = zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
    brightness = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in colours]
    average = sum(brightness) / len(brightness)
    return average, sum(map(mul, brightness, brightness)) / len(brightness) - average**2
