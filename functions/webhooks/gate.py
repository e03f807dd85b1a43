"""Limits the attempts to one receiver, so that a failing one costs the others no time."""

from collections.abc import Callable
from threading import Condition
from time import monotonic

MOST_AT_ONCE = 16
"""Attempts to one receiver at the same time, once it has accepted a webhook."""

MAX_FAILED_IN_A_ROW = 3
"""Consecutive failed attempts after which a receiver rests. A receiver that has not accepted
anything yet gets no more attempts than these at the same time."""

REST_S = 60.0
"""Seconds for which a failing receiver gets no attempts. Then one shows whether it answers."""


class Gate:
    """Admits the attempts to one receiver. Threads share it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Take a function that returns seconds."""
        self._clock = clock
        self._changed = Condition()
        self._in_flight = 0
        self._failed_in_a_row = 0
        self._accepted_before = False
        self._rests_until = 0.0

    def admit(self) -> bool:
        """Wait for a place, and take it; `False` while the receiver rests."""
        with self._changed:
            self._changed.wait_for(lambda: self._rests() or self._has_place())
            if self._rests():
                return False
            self._in_flight += 1
            return True

    def leave(self, *, accepted: bool | None) -> None:
        """Give a place back. `accepted` tells the result of an attempt; `None` without one."""
        with self._changed:
            self._in_flight -= 1
            if accepted:
                self._failed_in_a_row, self._accepted_before = 0, True
            elif accepted is False:
                self._failed_in_a_row += 1
                self._rests_until = self._clock() + REST_S
            self._changed.notify_all()

    def _rests(self) -> bool:
        if self._failed_in_a_row < MAX_FAILED_IN_A_ROW:
            return False
        if self._clock() < self._rests_until:
            return True
        # One attempt shows whether the receiver answers again.
        self._failed_in_a_row, self._accepted_before = MAX_FAILED_IN_A_ROW - 1, False
        return False

    def _has_place(self) -> bool:
        if self._accepted_before:
            return self._in_flight < MOST_AT_ONCE
        return self._in_flight + self._failed_in_a_row < MAX_FAILED_IN_A_ROW
