"""Real servers that tests can stop, freeze and restart."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection

from clipo.home import Home
from clipo.local.emulators import ministack, secantusd
from clipo.local.ports import LOOPBACK, free_port, lock_ports


def worker() -> int:
    """Return the number of this pytest-xdist worker."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@dataclass
class Server:
    """A server process and its address."""

    command: list[str]
    port: int
    host: str = LOOPBACK
    environ: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    """The working directory, by default that of the tests."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | self.environ,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until_listening(self.port, self.host)

    def stop(self) -> None:
        """Kill the server, so that it cannot save anything."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop answering, but keep the port open."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        while process_state(self.process.pid) != "T":
            time.sleep(0.01)

    def thaw(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)


@dataclass
class MongoDB(Server):
    @property
    def uri(self) -> str:
        return f"mongodb://{self.host}:{self.port}/?directConnection=true"


@contextmanager
def mongodb(folder: Path, host: str = LOOPBACK) -> Iterator[MongoDB]:
    with reserved_port(28017, host) as port:
        server = MongoDB(secantusd(Home(folder), port, host), port, host)
        server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass
class S3(Server):
    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Terminate the emulator, which saves its buckets and queues only then."""
        assert self.process
        self.process.terminate()
        self.process.wait()


@contextmanager
def s3(
    folder: Path, credentials: dict[str, str], host: str = LOOPBACK, **changes: str
) -> Iterator[S3]:
    with reserved_port(24566, host) as port:
        command, settings = ministack(Home(folder), port, host)
        server = S3(command, port, host, environ=credentials | settings | changes)
        server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def reserved_port(base: int, host: str = LOOPBACK) -> Iterator[int]:
    """Yield a free port and reserve it until the `with` block ends: listen on it by then.

    Each test worker has its own range, so a stopped server can restart on its port.
    """
    with lock_ports("a server of the tests"):
        yield free_port(base + 100 * worker(), taken=set(), host=host)


def wait_until_listening(port: int, host: str = LOOPBACK) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            create_connection((host, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)
        else:
            return


def process_state(pid: int) -> str | None:
    """Return Linux's letter for the state of a process, `None` if it does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def assert_ended(pid: int) -> None:
    """Wait until a process is gone or a zombie."""
    deadline = time.monotonic() + 120
    while process_state(pid) not in (None, "Z"):
        assert time.monotonic() < deadline, f"{pid} is still running"
        time.sleep(0.01)


@contextmanager
def a_web_server() -> Iterator[str]:
    """Run a server that answers every request with a page, and yield its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<h1>It works!</h1>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
