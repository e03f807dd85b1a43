"""Waits for what happens elsewhere: in another process, on a server."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 60


def eventually(look: Callable[[], T | None]) -> T:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{seen!r} after {_PATIENCE_S} s"
        time.sleep(0.05)
    return seen
