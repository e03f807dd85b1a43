"""Waits for effects in other processes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 120


def eventually(look: Callable[[], T | None], *, within_s: float = _PATIENCE_S) -> T:
    """Call `look` until its result is true, and return the result."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{seen!r} after {within_s} s"
        time.sleep(0.05)
    return seen


def settled(look: Callable[[], T]) -> T:
    """Call `look` each second until two results are equal, and return them."""
    deadline = time.monotonic() + _PATIENCE_S
    seen = look()
    while True:
        time.sleep(1)
        before, seen = seen, look()
        if seen == before:
            return seen
        assert time.monotonic() < deadline, f"{seen!r} still changes after {_PATIENCE_S} s"
