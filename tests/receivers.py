"""A webhook receiver as an operator would write it, which can misbehave on request."""

import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

API = "https://api.example.com"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        # Version 1.1 keeps connections.
        self.protocol_version = self.server.receiver.http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.server.receiver
        receiver.hosts.append(self.headers["Host"])
        receiver.paths.append(self.path)
        event = Webhook(receiver.secret).verify(body, dict(self.headers))
        receiver.connections.add(self.client_address)
        # A test may change the answer as soon as it sees the event.
        answer = receiver.answer
        receiver.got.append((self.headers["webhook-id"], event))
        answer(self)

    def do_GET(self) -> None:
        # Only a client that follows redirects gets here.
        self.server.receiver.followed += 1
        status(200)(self)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: "Receiver"

    def handle_error(self, *_: object) -> None:
        """Log nothing: clients that give up are expected here."""


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang(handler: Handler) -> None:
    """Send nothing until the client gives up."""
    assert handler.rfile.read(1) == b""
    handler.server.receiver.given_up.set()


def drip(handler: Handler) -> None:
    """Send single bytes and never complete the status line."""
    _drip_after(b"HTTP/1.1 ", handler)


def drip_headers(handler: Handler) -> None:
    """Send the status 204 and never complete the headers."""
    _drip_after(b"HTTP/1.1 204 No Content\r\nX: ", handler)


def _drip_after(beginning: bytes, handler: Handler) -> None:
    try:
        handler.wfile.write(beginning)
        while not handler.server.receiver.given_up.wait(0.05):
            handler.wfile.write(b"x")
    except OSError:
        handler.server.receiver.given_up.set()


def endless(handler: Handler) -> None:
    """Send the status 200 and an endless body."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        handler.server.receiver.given_up.set()


def close(handler: Handler) -> None:
    """Close the connection without a response."""
    handler.close_connection = True


def last_answer(handler: Handler) -> None:
    """Accept the webhook, and close the connection without having said so."""
    status(204)(handler)
    handler.close_connection = True


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    handler.close_connection = True


@dataclass
class Receiver:
    port: int
    answer: Answer = field(default_factory=lambda: status(204))
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Ids and bodies of the webhooks whose signature is valid."""
    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    followed: int = 0
    secret: str = SECRET
    http: str = "HTTP/1.0"
    connections: set[tuple[str, int]] = field(default_factory=set)
    given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?of=clipo"


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.receiver
        finally:
            server.shutdown()
            thread.join()
