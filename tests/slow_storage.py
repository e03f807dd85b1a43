"""Storage whose uploads stand still or are refused, so that a page shows the states between."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from functions.adapters.storage import SignedPost
from tests.fakes.storage import FakeStorage

_DENIED = b"<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>"
_CHUNK = 1 << 18


@dataclass
class Uploads:
    """How the storage treats the uploads that it gets."""

    share: float = 1.0
    """The share of each file that arrives before its upload stands still; 1 for all of it."""
    refused: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class SlowStorage(FakeStorage):
    """Storage that signs uploads to a server of its own."""

    url: str = ""
    treatment: Uploads = field(default_factory=Uploads)

    def origins(self) -> tuple[str, ...]:
        return (self.url,)

    def sign_upload(self, key: str, *, content_type: str, size: int, expires_s: int) -> SignedPost:
        signed = super().sign_upload(key, content_type=content_type, size=size, expires_s=expires_s)
        return SignedPost(f"{self.url}/", signed.fields)


@contextmanager
def slow_storage() -> Iterator[SlowStorage]:
    storage = SlowStorage()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(storage.treatment)) as server:
        server.daemon_threads = True
        storage.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield storage
        finally:
            storage.treatment.go_on.set()
            server.shutdown()


def _handler(uploads: Uploads) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            held = 0 if uploads.share == 1 else size - int(uploads.share * size)
            self._read(size - held)
            if held:
                uploads.go_on.wait(300)
                return
            self._answer(403 if uploads.refused else 204, _DENIED if uploads.refused else b"")

        def do_OPTIONS(self) -> None:
            self._answer(204)

        def _read(self, size: int) -> None:
            while size > 0 and (chunk := self.rfile.read(min(size, _CHUNK))):
                size -= len(chunk)

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Headers", "*")
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler
