"""Waits for effects in other processes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 60


def eventually(look: Callable[[], T | None]) -> T:
    """Call `look` until its result is true, and return the result."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{seen!r} after {_PATIENCE_S} s"
        time.sleep(0.05)
    return seen
