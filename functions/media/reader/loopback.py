"""An HTTP server on the loopback address from which ffprobe and ffmpeg read an object."""

import contextlib
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

_SEND_BUFFER = 64 << 10
"""Bytes of the send buffer. It is small because sent bytes are often not needed."""

_REQUEST_S, _SEND_S = 5, 120
"""Seconds to wait for a request, and for a child to read on: it may be busy decoding."""

_RETRY_S, _JOIN_S = 0.1, 5

_RANGE = re.compile(r"bytes=(\d{1,19})-")


class Content(Protocol):
    """Bytes to serve: a `RangedObject`, or a view of one."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, position: int) -> bytes:
        """Return some bytes from a position on, none at the end or if reading fails."""


class Loopback:
    """The contents that one server serves, by path."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._contents: dict[str, Content] = {}

    def add(self, content: Content) -> str:
        """Serve a content, too, and return its unguessable URL."""
        path = f"/{secrets.token_hex(16)}"
        self._contents[path] = content
        return self._address + path

    def get(self, path: str) -> Content | None:
        """Return the content that a path names."""
        return self._contents.get(path)


@contextlib.contextmanager
def serve() -> Iterator[Loopback]:
    """Serve the contents that are added, until the `with` block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        address = listener.getsockname()
        loopback = Loopback(f"http://127.0.0.1:{address[1]}")
        closing = threading.Event()
        acceptor = threading.Thread(target=_accept, args=(listener, closing, loopback), daemon=True)
        acceptor.start()
        try:
            yield loopback
        finally:
            closing.set()
            # A connection wakes the acceptor on every system; closing its socket here does not.
            with contextlib.suppress(OSError):
                socket.create_connection(address, timeout=_RETRY_S).close()
            acceptor.join(_JOIN_S)


def _accept(listener: socket.socket, closing: threading.Event, loopback: Loopback) -> None:
    while True:
        try:
            connection, peer = listener.accept()
        except OSError:  # no file descriptor is free
            if closing.wait(_RETRY_S):
                return
            continue
        if closing.is_set():
            connection.close()
            return
        answer = partial(_answer, connection, peer, loopback)
        try:
            threading.Thread(target=answer, daemon=True).start()
        except RuntimeError:  # no thread is free
            answer()


def _answer(connection: socket.socket, peer: Any, loopback: Loopback) -> None:
    with connection, contextlib.suppress(OSError):  # the child may be gone
        _Answer(connection, peer, loopback)


class _Answer(BaseHTTPRequestHandler):
    """Answers one request, then closes the connection: ffmpeg 8.1 would reuse a dead one."""

    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_S
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, peer: Any, loopback: Loopback) -> None:
        self._loopback = loopback
        super().__init__(connection, peer, None)  # type: ignore[arg-type]  # there is no server object

    def do_GET(self) -> None:
        self.connection.settimeout(_SEND_S)
        content = self._loopback.get(self.path)
        if content is None:
            self._send_head(HTTPStatus.NOT_FOUND, 0)
            return
        requested = _RANGE.match(self.headers.get("Range", ""))
        start, size = int(requested[1]) if requested else 0, content.size
        if requested and start >= size:
            unsatisfied = {"Content-Range": f"bytes */{size}"}
            self._send_head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, **unsatisfied)
            return
        if requested:
            content_range = {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
            self._send_head(HTTPStatus.PARTIAL_CONTENT, size - start, **content_range)
        else:
            self._send_head(HTTPStatus.OK, size)
        while start < size and (piece := content.read(start)):
            try:
                self.wfile.write(piece)
            except OSError:  # the child has read enough, or is gone
                return
            start += len(piece)

    def log_message(self, *_: object) -> None:
        """Log nothing: a request may come from a stranger."""

    def _send_head(self, status: HTTPStatus, length: int, **headers: str) -> None:
        self.send_response_only(status)
        self.send_header("Connection", "close")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
