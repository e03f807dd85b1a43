"""Reads as much of an object as a parser needs, up to a limit."""

from collections.abc import Callable
from typing import TypeVar

from functions.media.splice.boundary import Readable

WINDOWS = (64 << 10, 256 << 10, 512 << 10, 1 << 20, 4 << 20, 16 << 20)
"""Bytes to look at, one after the other, until a parser finds what it looks for."""

Found = TypeVar("Found")


class Doubt(Exception):
    """The bytes are not what a parser expects at this place."""


class CutOff(Doubt):
    """The bytes end before or within what a parser looks for."""


def look(source: Readable, start: int, parse: Callable[[bytes], Found]) -> Found | None:
    """Return what `parse` finds in the bytes from `start` on. `None` means doubt.

    `parse` raises `CutOff` to get more bytes, and `Doubt` if they would not help.
    """
    for length in WINDOWS:
        window = source.read(start, start + length)
        try:
            return parse(window)
        except CutOff:
            if len(window) < length:
                return None
        except Doubt:
            return None
    return None
