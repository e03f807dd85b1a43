"""Runs programs as one: starts them in order, watches them, restarts them and stops them."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import Signals
from typing import NoReturn

from watchfiles import watch

from clipo.errors import ClipoError
from clipo.local.child import Child
from clipo.local.console import StackConsole

_START_S = 60
_WAIT_S = 1

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run as a child."""

    name: str
    """The name in messages, and of the log file."""
    command: list[str]
    environ: Mapping[str, str]
    is_ready: Callable[[Child], bool]
    """Whether the started child works. The supervisor asks until it does."""
    on_line: Callable[[str], None] = lambda _: None
    """Called on another thread with each line that the child writes."""
    orphaned: Signals = Signals.SIGTERM
    """The signal that ends the child, on Linux, when the supervisor is killed."""
    advice: str = ""
    """Advice to the user if the child dies."""


class _Died(Exception):
    """A child has ended that should have kept running."""

    def __init__(self, child: Child) -> None:
        super().__init__(child.name)
        self.child = child


@dataclass(frozen=True, slots=True)
class _CodeChanged:
    """A file in the folder of the reloaded programs was saved."""


class Supervisor:
    """Runs children until Ctrl-C, or until one of them dies."""

    def __init__(self, console: StackConsole, *, logs: Path, logs_last: bool) -> None:
        """Take the console, and the folder of the log files, which may be temporary."""
        self._console = console
        self._logs = logs
        self._logs_last = logs_last
        self._children: dict[str, Child] = {}
        self._advice: dict[str, str] = {}
        self._events: queue.SimpleQueue[Child | _CodeChanged] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._code = ""
        self._reloaded: Sequence[Program] = ()

    def run(self, start: Callable[[], None], *, before_stop: Callable[[], None]) -> int:
        """Call `start`, which starts the children, and watch them until the end.

        Return the exit code: 0 after Ctrl-C, SIGTERM or SIGHUP, 1 when a child has died.
        """
        # SIGINT, too: a shell starts background jobs with it ignored.
        for number in _STOP_SIGNALS:
            signal.signal(number, _interrupt)
        try:
            start()
            self._watch()
        except _Died as error:
            self._report(error.child)
            if self._logs_last:
                self._console.say(f"All of it is in {self._logs}.")
            if advice := self._advice[error.child.name]:
                self._console.say(advice, "yellow")
            return 1
        except KeyboardInterrupt:
            self._console.say("\nStopping.")
        finally:
            self._stop(before_stop)
        return 0

    def start(self, *programs: Program) -> None:
        """Start programs together, and wait until each of them is ready.

        Raises `ClipoError` if one does not become ready.
        """
        for program in programs:
            self._advice[program.name] = program.advice
            self._children[program.name] = Child(
                program.name,
                program.command,
                environ=program.environ,
                log=self._logs / f"{program.name}.log",
                on_line=program.on_line,
                on_exit=self._events.put,
                on_log_failure=partial(self._say_log_failure, program.name),
                orphaned=program.orphaned,
            )
        for program in programs:
            self._await(program)

    def start_and_reload(self, code: Path, *programs: Program) -> None:
        """Start programs, and start them again whenever a file in the folder `code` changes."""
        self._code, self._reloaded = code.name, programs
        # Watch before the start, to see changes made during it.
        threading.Thread(target=self._watch_code, args=(code,), daemon=True).start()
        self.start(*programs)

    def _await(self, program: Program) -> None:
        child = self._children[program.name]
        deadline = time.monotonic() + _START_S
        while not program.is_ready(child):
            if not child.running:
                raise _Died(child)
            if time.monotonic() > deadline:
                raise ClipoError(
                    f"{program.name} is not ready after {_START_S} s: see {self._logs}."
                )
            time.sleep(0.05)

    def _watch(self) -> NoReturn:
        """Wait for the death of a child, and reload programs when their code changes."""
        while True:
            event = self._next_event()
            if isinstance(event, _CodeChanged):
                self._reload()
            elif event is self._children.get(event.name):
                raise _Died(event)

    def _next_event(self) -> Child | _CodeChanged:
        """Wait for an event. A signal just before a wait ends it only when the wait times out."""
        while True:
            with suppress(queue.Empty):
                return self._events.get(timeout=_WAIT_S)

    def _watch_code(self, code: Path) -> None:
        try:
            for _ in watch(code, stop_event=self._stopping):
                self._events.put(_CodeChanged())
        except (OSError, RuntimeError) as error:  # The system may watch too many files already.
            self._console.say(f"Changes in {self._code}/ are not noticed: {error}.", "yellow")

    def _reload(self) -> None:
        self._console.say(f"{self._code}/ has changed: starting the {self._code} again.", "yellow")
        self._stop_reloaded()
        try:
            self.start(*self._reloaded)
        except _Died as error:
            # Most likely a file was saved half-way: the next save mends it.
            self._report(error.child)
            self._console.say(f"Waiting for the next change in {self._code}/.", "yellow")
            self._stop_reloaded()
        else:
            self._console.say(f"The {self._code} run again.", "yellow")

    def _stop_reloaded(self) -> None:
        for program in self._reloaded:
            if program.name in self._children:
                self._children.pop(program.name).stop()

    def _stop(self, before_stop: Callable[[], None]) -> None:
        # A second Ctrl-C must not keep children alive.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._stopping.set()
        # A folder that cannot be written must not keep children alive either.
        with suppress(OSError):
            before_stop()
        # Stop clients before the services that they use.
        for child in reversed(self._children.values()):
            child.stop()

    def _say_log_failure(self, name: str, error: OSError) -> None:
        self._console.say(
            f"The log of {name} in {self._logs} cannot be written: {error.strerror}."
            " Everything else may fail for the same reason: make room, or start again with"
            " CLIPO_HOME set to another folder.",
            "bold red",
        )

    def _report(self, child: Child) -> None:
        child.await_last_lines()
        self._console.report_exit(child.name, child.exit_code, child.last_lines)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
