"""A keyframe that the index of a file names."""

from collections.abc import Callable
from dataclasses import dataclass

Fetch = Callable[[int, int], bytes]
"""A function that returns the bytes of a file from a start to an end (exclusive), or doubts."""

ROUNDING_MS = 0.5


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A keyframe in a file."""

    at_ms: int
    """Time at which it is shown, on the file's own clock."""
    position: int = 0
    """Where it stands. What that is, and what `size` counts, depends on the container."""
    size: int = 0
    content: bytes = b""
    """The keyframe as the reel contains it, if its time had to be read from it."""
