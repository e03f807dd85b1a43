"""Finds ports to listen on."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"

_NEIGHBOURS = 20
_CHOICES = 100
"""Times that the kernel is asked for any port: it may choose one that is already given."""


@contextmanager
def choosing(on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one stack at a time choose ports, until it listens on them.

    `on_wait` is called when another one is at it.
    """
    with (Path(tempfile.gettempdir()) / f"clipo-{os.getuid()}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_own_address(host: str) -> bool:
    """Tell whether this machine has an address, for one that it can listen on."""
    return _bindable(host, 0) is not None


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether nobody listens on a port."""
    return _bindable(host, port) is not None


def free_port(preferred: int, *, taken: set[int], host: str = LOOPBACK) -> int:
    """Return the preferred port of `host`, or the next free one, and add it to `taken`."""
    candidates = [*range(preferred, min(preferred + _NEIGHBOURS, 65536)), *[0] * _CHOICES]
    for candidate in candidates:
        port = _bindable(host, candidate)
        if port and port not in taken:
            taken.add(port)
            return port
    raise AssertionError("There is no free port.")


def _bindable(host: str, port: int) -> int | None:
    with socket.socket() as probe:
        # Ports of connections that have just ended are free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
