"""One process of the local stack: started, heard and stopped."""

import contextlib
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import Signals

import psutil

_LAST_LINES = 20
_GRACE_S = 10


class Child:
    """A running process. Each line that it writes goes to its log file and to `on_line`."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        environ: Mapping[str, str],
        log: Path,
        on_line: Callable[[str], None],
        on_exit: Callable[["Child"], None],
        orphaned: Signals = Signals.SIGTERM,
    ) -> None:
        """Start the process. `on_line` and `on_exit` are called on another thread.

        `orphaned` is the signal that ends it, on Linux, when this process is killed.
        """
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._log = log
        self._on_line = on_line
        self._on_exit = on_exit
        # Programs of ours. Its own session keeps the terminal's Ctrl-C to `clipo up` alone,
        # which then stops everything in order.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-m", "clipo.local.tied", orphaned.name, *command],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._listener = threading.Thread(target=self._listen, name=f"{name} log", daemon=True)
        self._listener.start()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; `None` while it runs."""
        return self._process.poll()

    def has_said(self, words: str) -> bool:
        """Whether the words are in one of the last lines."""
        return any(words in line for line in list(self.last_lines))

    def listens_on(self, port: int) -> bool:
        """Whether this very process, and not another stack's, accepts connections on a TCP port."""
        try:
            connections = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)

    def stop(self) -> None:
        """Ask it to end, end it when it does not, and leave nothing that it has started."""
        family = _family(self._process.pid)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        for process in family:
            # psutil does not take another process for one that is gone, whatever its number.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        self._listener.join(_GRACE_S)

    def _listen(self) -> None:
        pipe = self._process.stdout
        if pipe is None:  # it is PIPE, above
            return
        with pipe, self._log.open("a", encoding="utf-8") as log:
            for line in pipe:
                log.write(line)
                log.flush()
                self.last_lines.append(line.rstrip())
                self._on_line(line)
        self._process.wait()
        self._on_exit(self)


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started, sandboxed ones in other sessions included."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
