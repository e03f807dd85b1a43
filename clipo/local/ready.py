"""How a child tells `clipo up` that it is ready: one byte through a pipe of its own.

A log cannot tell it: its level may differ, other lines may push it out, its disk may be full.
"""

import os
from contextlib import suppress

VARIABLE = "CLIPO_READY_FD"
"""The environment variable with the number of the pipe's file descriptor."""


def signal_ready() -> None:
    """Tell the parent. Do nothing where this process was not started by `clipo up`."""
    descriptor = os.environ.pop(VARIABLE, None)
    if descriptor is None:
        return
    with suppress(OSError), os.fdopen(int(descriptor), "wb", buffering=0) as pipe:
        pipe.write(b"\n")
