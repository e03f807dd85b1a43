"""Kills processes as the platforms do: with all that they have started."""

from contextlib import suppress

import psutil


def kill_with_children(process: psutil.Process) -> None:
    """Kill a process, then its children, of which some may end meanwhile."""
    children = process.children(recursive=True)
    for one in (process, *children):
        with suppress(psutil.NoSuchProcess):
            one.kill()
