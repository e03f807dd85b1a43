"""A graceful end on SIGTERM and SIGINT."""

import queue
import signal
from typing import TypeAlias

StopRequest: TypeAlias = "queue.SimpleQueue[None]"
"""A queue that gets an item when the process is asked to stop."""


def listen_for_stop(*, ends_after_s: int = 0) -> StopRequest:
    """Return a queue that gets an item with each signal.

    `ends_after_s` ends the process that many seconds after a signal, whatever it does; 0 does not.
    """
    # An Event could deadlock: a second signal may arrive while `set` holds the Event's lock.
    asked: StopRequest = queue.SimpleQueue()

    def stop(*_: object) -> None:
        signal.alarm(ends_after_s)
        asked.put(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return asked
