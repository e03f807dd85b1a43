"""Serves files as object storage does: slow to begin, then at one speed for each connection."""

import multiprocessing
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

ETAG = "benchmark"
_PIECE = 128 << 10
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class RangeServer:
    """A server in a process of its own, so that its CPU time is not taken for ours."""

    port: int
    _process: Connection

    def url(self, name: str) -> str:
        """Return the address of a file, in a bucket as S3 addresses it by path."""
        return f"http://127.0.0.1:{self.port}/bucket/{name}"

    def sent(self, name: str) -> tuple[int, int]:
        """Return the bytes of a file that were sent, and the requests, since it was last asked."""
        self._process.send(name)
        counts: tuple[int, int] = self._process.recv()
        return counts


@contextmanager
def range_server(folder: Path, *, first_byte_s: float, bytes_per_s: float) -> Iterator[RangeServer]:
    """Run a server for the files of a folder."""
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=_serve, args=(its, folder, first_byte_s, bytes_per_s), daemon=True
    )
    process.start()
    try:
        yield RangeServer(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection, folder: Path, first_byte_s: float, bytes_per_s: float) -> None:
    sent: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    counting = threading.Lock()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = folder / Path(self.path).name
            size = path.stat().st_size
            asked = _RANGE.match(self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            end = min(int(asked[2]) + 1, size) if asked and asked[2] else size
            time.sleep(first_byte_s)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
            self.send_header("ETag", f'"{ETAG}"')
            self.send_header("Content-Length", str(end - start))
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            with counting:
                answered[path.name] += 1
            with suppress(ConnectionError), path.open("rb") as file:
                self._send(path.name, file.fileno(), start, end)

        def _send(self, name: str, file: int, start: int, end: int) -> None:
            began, position = time.perf_counter(), start
            while position < end:
                count = min(_PIECE, end - position)
                position += os.sendfile(self.connection.fileno(), file, position, count)
                with counting:
                    sent[name] += count
                wait_s = began + (position - start) / bytes_per_s - time.perf_counter()
                if wait_s > 0.001:  # noqa: PLR2004 (a sleep is no more exact than that)
                    time.sleep(wait_s)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that leave."""

    server = Server(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parent.send(server.server_port)
    while name := parent.recv():
        parent.send((sent.pop(name, 0), answered.pop(name, 0)))
