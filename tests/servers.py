"""Real servers for tests."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

from clipo.ports import free_port


@dataclass
class MongoDB:
    """A SecantusDB that tests may stop and start again."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self) -> None:
        command = [
            str(Path(sys.executable).with_name("secantusd-py")),
            *("--port", str(self.port), "--storage-path", str(self.folder)),
            *("--cache-size", "64M", "--log-level", "ERROR"),
        ]
        self.process = subprocess.Popen(command)
        wait_until_listening(self.port)

    def freeze(self) -> None:
        """Keep accepting connections and answer none."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        assert self.process
        self.process.kill()
        self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)


@contextmanager
def mongodb(folder: Path) -> Iterator[MongoDB]:
    server = MongoDB(folder, free_port(28017, taken=set()))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)
        else:
            return
