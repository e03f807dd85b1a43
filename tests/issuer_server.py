"""Serves the documents of a false OpenID Connect issuer over HTTPS on 127.0.0.1."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import trustme

from tests.issuers import FakeIssuer


class IssuerServer(ThreadingHTTPServer):
    """Serves a false issuer's documents on 127.0.0.1, and some odd answers."""

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authority = authority
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server_port}"
        self.issuer = FakeIssuer(self.url)
        self.paths: list[str] = []
        self.may_end = Event()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: IssuerServer

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", f"{self.server.url}/jwks.json")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while not self.server.may_end.is_set():
                self.wfile.write(b" " * 65536)
        elif self.path == "/error":
            self.send_error(500)
        elif self.path == "/silent":
            self.server.may_end.wait(20)
        else:
            body = self.server.issuer.fetch(self.server.url + self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def issuer_on_https(authority: trustme.CA) -> Iterator[IssuerServer]:
    with IssuerServer(authority) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.may_end.set()
            server.shutdown()
            thread.join()
