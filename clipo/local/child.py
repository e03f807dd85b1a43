"""One process of the local stack: started, watched and stopped."""

import contextlib
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import Signals

import psutil

from clipo.local import environment, ready

_LAST_LINES = 20
_GRACE_S = 10
_OUTPUT_S = 2


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
        on_log_failure: Callable[[OSError], None] = lambda _: None,
        orphaned: Signals = Signals.SIGTERM,
    ) -> None:
        """Start the process. The callbacks run on another thread.

        `on_log_failure` is called when a write to the log fails, but not again until one succeeds.
        `orphaned` is the signal that ends the process, on Linux, when this process is killed.
        """
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._log = log
        self._log_works = True
        self._on_line = on_line
        self._on_exit = on_exit
        self._on_log_failure = on_log_failure
        self._ready = threading.Event()
        read, write = os.pipe()
        tied = [*environment.python(), "-m", "clipo.local.tied", orphaned.name, str(os.getpid())]
        self._process = _start([*tied, *command], environ, ready_fd=write)
        os.close(write)
        self._listener = threading.Thread(target=self._listen, name=f"{name} log", daemon=True)
        self._listener.start()
        threading.Thread(target=self._await_ready, args=(read,), daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; `None` while it runs."""
        return self._process.poll()

    def has_signalled_ready(self) -> bool:
        """Whether the process has called `ready.signal_ready`."""
        return self._ready.is_set()

    def listens_on(self, port: int) -> bool:
        """Whether this very process, and not another stack's, accepts connections on a TCP port."""
        try:
            connections = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)

    def stop(self) -> None:
        """End the process, by force after 10 seconds, and all processes that it has started."""
        family = _family(self._process.pid)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        for process in family:
            # psutil never kills a new process that got the id of one that has ended.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        self._listener.join(_GRACE_S)

    def await_last_lines(self) -> None:
        """Wait until `last_lines` is complete, after the end of the process.

        At most 2 seconds: a process that it has started may keep the output open.
        """
        self._listener.join(_OUTPUT_S)

    def _await_ready(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", buffering=0) as pipe:
            if pipe.read(1):
                self._ready.set()

    def _listen(self) -> None:
        pipe = self._process.stdout
        if pipe is None:  # never: `_start` passes PIPE
            return
        self._write(b"")  # Create the file before the first line.
        with pipe:
            for line in pipe:
                self._write(line)
                text = line.decode(errors="replace")
                self.last_lines.append(text.rstrip())
                self._on_line(text)
        self._process.wait()
        self._on_exit(self)

    def _write(self, line: bytes) -> None:
        """Append to the log. It is opened each time, to work again when the disk has room."""
        try:
            # A buffer would keep the bytes of a failed write, and closing would fail again.
            with self._log.open("ab", buffering=0) as log:
                log.write(line)
        except OSError as error:
            if self._log_works:
                self._on_log_failure(error)
            self._log_works = False
        else:
            self._log_works = True


def _start(
    command: list[str], environ: Mapping[str, str], *, ready_fd: int
) -> subprocess.Popen[bytes]:
    # In a session of its own the child gets no Ctrl-C: `clipo up` gets it, and stops all in order.
    return subprocess.Popen(  # noqa: S603 (programs that `clipo up` chose)
        command,
        env={**environ, ready.VARIABLE: str(ready_fd)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[ready_fd],
    )


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started, sandboxed ones in other sessions included."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
