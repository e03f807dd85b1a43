"""Serves one object to ffprobe and ffmpeg: to them it is a file at a numeric loopback URL."""

import contextlib
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from functions.media.reader.ranged_object import RangedObject

_SEND_BUFFER = 64 << 10
"""Bytes: what lies in it has been fetched, and may never be read."""

_REQUEST_S, _SEND_S = 5, 120
"""Within which a request must come, and a child read on: it may be decoding."""

_RETRY_S, _JOIN_S = 0.1, 5

_FROM = re.compile(r"bytes=(\d{1,19})-")


@contextlib.contextmanager
def served(content: RangedObject) -> Iterator[str]:
    """Yield a URL at which the bytes can be read, by whoever knows it, until the block ends."""
    path = f"/{secrets.token_hex(16)}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        address = listener.getsockname()
        closing = threading.Event()
        acceptor = threading.Thread(
            target=_accept, args=(listener, closing, path, content), daemon=True
        )
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{address[1]}{path}"
        finally:
            closing.set()
            # Wakes the acceptor; closing its socket from here would not, everywhere.
            with contextlib.suppress(OSError):
                socket.create_connection(address, timeout=_RETRY_S).close()
            acceptor.join(_JOIN_S)


def _accept(
    listener: socket.socket, closing: threading.Event, path: str, content: RangedObject
) -> None:
    while True:
        try:
            connection, peer = listener.accept()
        except OSError:  # no descriptor is free: some program holds too many connections
            if closing.wait(_RETRY_S):
                return
            continue
        if closing.is_set():
            connection.close()
            return
        answer = partial(_answer, connection, peer, path, content)
        try:
            threading.Thread(target=answer, daemon=True).start()
        except RuntimeError:  # no thread is free
            answer()


def _answer(connection: socket.socket, peer: Any, path: str, content: RangedObject) -> None:
    with connection, contextlib.suppress(OSError):  # who asked may be gone
        _Answer(connection, peer, path, content)


class _Answer(BaseHTTPRequestHandler):
    """One request. The connection then closes: ffmpeg 8.1 would reuse a dead one."""

    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_S
    disable_nagle_algorithm = True

    def __init__(
        self, connection: socket.socket, peer: Any, path: str, content: RangedObject
    ) -> None:
        self._path = path
        self._content = content
        super().__init__(connection, peer, None)  # type: ignore[arg-type]  # we have no server

    def do_GET(self) -> None:
        self.connection.settimeout(_SEND_S)
        if self.path != self._path:
            self._head(HTTPStatus.NOT_FOUND, 0)
            return
        asked = _FROM.match(self.headers.get("Range", ""))
        start, size = int(asked[1]) if asked else 0, self._content.size
        if asked and start >= size:
            self._head(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                0,
                **{"Content-Range": f"bytes */{size}"},
            )
            return
        self._head(
            HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK,
            size - start,
            **({"Content-Range": f"bytes {start}-{size - 1}/{size}"} if asked else {}),
        )
        while start < size and (piece := self._content.read(start)):
            try:
                self.wfile.write(piece)
            except OSError:  # the child has read enough, or is gone
                return
            start += len(piece)

    def log_message(self, *_: object) -> None:
        """Say nothing of what strangers ask."""

    def _head(self, status: HTTPStatus, length: int, **headers: str) -> None:
        self.send_response_only(status)
        self.send_header("Connection", "close")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
