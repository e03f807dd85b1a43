"""Lets a child signal to `clipo up` that it is ready, with one byte through a pipe.

A log line is no reliable signal: the log level may hide it, and the disk may be full.
"""

import os
from contextlib import suppress

VARIABLE = "CLIPO_READY_FD"
"""The environment variable with the number of the pipe's file descriptor."""


def signal_ready() -> None:
    """Tell `clipo up` that this process is ready. Does nothing if another program started it."""
    descriptor = os.environ.pop(VARIABLE, None)
    if descriptor is None:
        return
    with suppress(OSError), os.fdopen(int(descriptor), "wb", buffering=0) as pipe:
        pipe.write(b"\n")
