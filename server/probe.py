"""Answers `/health` and `/metrics` of a process that serves nothing else."""

import os
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from functions.core.settings import positive_int

_PORT = 8081
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


def serve_probe(is_healthy: Callable[[], bool], metrics: Callable[[], bytes] | None = None) -> None:
    """Answer on HEALTH_PORT (default 8081) in the background. Raises `SettingsError`."""
    server = probe_server(positive_int(os.environ, "HEALTH_PORT", _PORT), is_healthy, metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def probe_server(
    port: int, is_healthy: Callable[[], bool], metrics: Callable[[], bytes] | None
) -> ThreadingHTTPServer:
    """Return a server that answers 200 or 503 at `/health`, and the metrics at `/metrics`."""

    class Probe(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                healthy = is_healthy()
                status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer(status, b"healthy\n" if healthy else b"stuck\n")
            elif self.path == "/metrics" and metrics:
                self._answer(HTTPStatus.OK, metrics())
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"not found\n")

        def _answer(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", _TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: a probe comes every few seconds."""

    return ThreadingHTTPServer(("", port), Probe)
