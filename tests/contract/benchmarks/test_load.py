"""The load generator of `make bench-api` against a real server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.api.load import WrongAnswer, load, request


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[bytes]]]:
    """Run a server that answers in two pieces; yield its port, and the bodies that it is sent."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "6")
            self.end_headers()
            for piece in (b"abc", b"def"):
                self.wfile.write(piece)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, bodies
        finally:
            server.shutdown()


def test_each_answer_is_awaited_and_counted_once() -> None:
    with answering(201) as (port, bodies):
        asked = request("POST", "/videos", b'{"size":1}')
        answered = load(port, asked, connections=3, seconds=2)
    assert set(bodies) == {b'{"size":1}'}
    # Those that were still under way at the end are not counted.
    assert 3 <= len(answered.latencies_s) <= len(bodies) <= len(answered.latencies_s) + 3
    assert all(latency > 0 for latency in answered.latencies_s)


def test_a_refusal_ends_the_measurement() -> None:
    with answering(500) as (port, _), pytest.raises(WrongAnswer, match="500"):
        load(port, request("POST", "/videos", b"{}"), connections=1, seconds=30)
