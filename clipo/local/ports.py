"""Finds ports to listen on."""

import errno
import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from clipo.errors import ClipoError
from clipo.home import note_holder, noted_holder

LOOPBACK = "127.0.0.1"

_NEIGHBOURS = 20
_CHOICES = 100
"""Number of ports to ask the kernel for: it may choose one that is already given."""
_PATIENCE_S = 90
"""How long to wait for one other stack to start."""
_POLL_S = 0.1


@contextmanager
def lock_ports(name: str, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Keep other stacks from choosing ports until this one listens on its own.

    `name` is this stack's name in messages of stacks that wait for it. If this stack has to wait,
    it first calls `on_wait` with a message. Raises `ClipoError` if another one starts for too long.
    """
    with (Path(tempfile.gettempdir()) / f"clipo-{os.getuid()}.lock").open("a+") as file:
        if not _try_lock(file):
            on_wait(f"Waiting for {_holder(file)} to start, at most {_PATIENCE_S} s.")
            _await_lock(file)
        note_holder(file, f"{name} (process {os.getpid()})")
        yield


def _await_lock(file: TextIO) -> None:
    holder, since = _holder(file), time.monotonic()
    while not _try_lock(file):
        if (now := _holder(file)) != holder:
            holder, since = now, time.monotonic()
        if time.monotonic() - since > _PATIENCE_S:
            raise ClipoError(
                f"Only one Clipo may start at a time, and {holder} has not started within"
                f" {_PATIENCE_S} s. If it hangs, end it with kill -9 and its number."
            )
        time.sleep(_POLL_S)


def _holder(file: TextIO) -> str:
    return noted_holder(file) or "another Clipo"


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_own_address(host: str) -> bool:
    """Whether an address belongs to this machine, so that a server can listen on it."""
    return _bindable(host, 0) is not None


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether nothing listens on a port."""
    return _bindable(host, port) is not None


def claim(port: int) -> TextIO | None:
    """Keep other stacks from choosing a port, also while nothing listens on it.

    The claim ends with this process, or when the returned file is closed. `None` if another one has
    claimed the port, or if the file of the claim is not ours to open.
    """
    try:
        file = _claim_file(port).open("a")
    except PermissionError:
        return None
    if _try_lock(file):
        return file
    file.close()
    return None


def is_claimed(port: int) -> bool:
    """Whether a stack has claimed a port."""
    if not _claim_file(port).exists():
        return False
    claimed = claim(port)
    if claimed:
        claimed.close()
    return claimed is None


def _claim_file(port: int) -> Path:
    return Path(tempfile.gettempdir()) / f"clipo-{os.getuid()}-{port}.lock"


def free_port(preferred: int, *, taken: set[int], host: str = LOOPBACK) -> int:
    """Return the preferred port of `host`, or the next free one, and add it to `taken`."""
    candidates = [*range(preferred, min(preferred + _NEIGHBOURS, 65536)), *[0] * _CHOICES]
    for candidate in candidates:
        port = _bindable(host, candidate)
        if port and port not in taken and not is_claimed(port):
            taken.add(port)
            return port
    raise AssertionError("There is no free port.")


def _bindable(host: str, port: int) -> int | None:
    """Return the port, or the one that the kernel chooses for 0; `None` if it is taken.

    On 127.0.0.1 it is also taken if another server has it on ::1: `localhost` may be either.
    """
    try:
        found = _bind(socket.AF_INET, host, port)
    except OSError:
        return None
    if host == LOOPBACK:
        try:
            _bind(socket.AF_INET6, "::1", found)
        except OSError as error:  # The machine may have no IPv6.
            return None if error.errno == errno.EADDRINUSE else found
    return found


def _bind(family: socket.AddressFamily, host: str, port: int) -> int:
    with socket.socket(family) as probe:
        # Ports of connections that have just ended are free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])
