"""Runs code one external call at a time, so that tests can make it fail or die at each call."""

import threading
from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


class Fault(Enum):
    """The fault of one call."""

    NONE = "it works"
    CRASH_BEFORE = "the process dies before the call"
    CRASH_AFTER = "the process dies after the call"
    ERROR_BEFORE = "the call fails and has no effect"
    ERROR_AFTER = "the call has its effect, and its answer is lost"
    ERROR_LATE = "the call has no answer, and its effect comes later"


class Crash(BaseException):
    """The process is dead: no exception handler runs, as after SIGKILL."""


_here = threading.local()


class Actor:
    """Code that waits before each external call until the test lets it continue."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        """Run the work up to its first call."""
        self.name = name
        self.result: object = None
        self.error: BaseException | None = None
        self.late: list[Callable[[], object]] = []
        """Effects of finished calls that are still to come."""
        self._fault = Fault.NONE
        self._go = threading.Semaphore(0)
        self._halted = threading.Semaphore(0)
        self._dead = False
        self.ended = False
        self._thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()
        self._halted.acquire()

    def step(self, fault: Fault = Fault.NONE) -> None:
        """Let it make its next call and continue to the call after that or to its end."""
        self._fault = fault
        self._go.release()
        self._halted.acquire()
        if self.ended:
            self._thread.join()

    def finish(self) -> None:
        while not self.ended:
            self.step()

    def kill(self) -> None:
        while not self.ended:
            self.step(Fault.CRASH_BEFORE)

    def _run(self, work: Callable[[], object]) -> None:
        _here.actor = self
        try:
            self.result = work()
        except BaseException as error:  # noqa: BLE001 (the test inspects it)
            self.error = error
        self.ended = True
        self._halted.release()

    def call(self, call: Callable[[], T], unavailable: type[Exception], *, late: bool) -> T:
        if self._dead:
            raise Crash
        self._halted.release()
        self._go.acquire()
        fault = self._fault
        if fault is Fault.ERROR_LATE and not late:
            fault = Fault.ERROR_AFTER
        if fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER):
            self._dead = True
        if fault is Fault.ERROR_LATE:
            self.late.append(call)
        if fault in (Fault.NONE, Fault.CRASH_AFTER, Fault.ERROR_AFTER):
            result = call()
        if fault is Fault.NONE:
            return result
        raise Crash if self._dead else unavailable(fault.value)


def stepped(
    unavailable: type[Exception], *, late: bool = False
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """Make a method one step of the actor that calls it.

    `late` tells whether its effect may come after the caller has given up.
    """

    def decorate(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        @wraps(method)
        def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
            actor: Actor | None = getattr(_here, "actor", None)
            if actor is None:
                return method(self, *args, **kwargs)
            return actor.call(lambda: method(self, *args, **kwargs), unavailable, late=late)

        return call

    return decorate
