"""The loopback server, tested over HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from functions.media.reader.loopback import serve
from tests.fakes.content import MemoryObject

CONTENT = bytes(range(256)) * 1000


def content(readable: int | None = None) -> MemoryObject:
    return MemoryObject(CONTENT, piece=1000, readable=readable)


@contextmanager
def serve_one(content: MemoryObject) -> Iterator[str]:
    with serve() as loopback:
        yield loopback.add(content)


def get(url: str, path: str | None = None, **headers: str) -> HTTPResponse:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("GET", path or parts.path, headers=headers)
    response = connection.getresponse()
    connection.close()
    return response


def test_a_range_is_served_to_the_end() -> None:
    with serve_one(content()) as url:
        response = get(url, Range="bytes=1234-")
        assert response.status == 206
        assert response.headers["Content-Range"] == f"bytes 1234-{len(CONTENT) - 1}/{len(CONTENT)}"
        assert response.read() == CONTENT[1234:]


def test_without_a_range_everything_is_served() -> None:
    with serve_one(content()) as url:
        response = get(url)
        assert (response.status, response.read()) == (200, CONTENT)


@pytest.mark.parametrize("start", [len(CONTENT), 10**18])
def test_there_is_nothing_after_the_end(start: int) -> None:
    with serve_one(content()) as url:
        response = get(url, Range=f"bytes={start}-")
        assert (response.status, response.read()) == (416, b"")


def test_connections_are_closed() -> None:
    with serve_one(content()) as url:
        assert get(url).headers["Connection"] == "close"


@pytest.mark.parametrize("path", ["/", "/0123456789abcdef0123456789abcdef", "/etc/passwd", "//"])
def test_another_path_is_not_found(path: str) -> None:
    with serve_one(content()) as url:
        response = get(url, path)
        assert (response.status, response.read()) == (404, b"")


def test_every_object_has_its_own_url() -> None:
    with serve_one(content()) as one, serve_one(content()) as other:
        assert urlsplit(one).path != urlsplit(other).path


def test_the_server_listens_on_loopback_only() -> None:
    with serve_one(content()) as url:
        port = urlsplit(url).port
        found = psutil.Process().net_connections("tcp")
        assert {one.laddr.ip for one in found if one.laddr.port == port} == {"127.0.0.1"}


def test_an_early_end_of_the_content_is_detectable() -> None:
    with serve_one(content(readable=5000)) as url:
        response = get(url)
        with pytest.raises(IncompleteRead):
            response.read()


def test_the_port_and_the_threads_are_gone_afterwards() -> None:
    before = threading.active_count()
    with serve_one(content()) as url:
        get(url).read()
    with pytest.raises(ConnectionRefusedError):
        get(url)
    deadline = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_may_stop_reading() -> None:
    with serve_one(content()) as url:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        connection.request("GET", parts.path)
        connection.close()
        assert get(url).read() == CONTENT


def test_a_silent_client_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_one(content()) as url:
        parts = urlsplit(url)
        with monkeypatch.context() as patch:
            patch.setattr("functions.media.reader.loopback._Answer.timeout", 0.1)
            with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as silent:
                assert silent.recv(1) == b""
        assert get(url).read() == CONTENT


def test_the_server_survives_a_lack_of_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    accept = socket.socket.accept
    failures = iter([OSError(24, "Too many open files")] * 2)

    def scarce(self: socket.socket) -> Any:
        for error in failures:
            raise error
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", scarce)
    with serve_one(content()) as url:
        assert get(url).read() == CONTENT


def test_the_server_answers_even_without_a_free_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def scarce(self: threading.Thread) -> None:
        if "answer" in repr(getattr(self, "_target", None)):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    with serve_one(content()) as url:
        assert get(url).read() == CONTENT


def test_invalid_requests_are_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    with serve_one(content()) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as stranger:
            stranger.sendall(b"NONSENSE \xff\r\n\r\n")
            stranger.recv(1000)
    assert capfd.readouterr() == ("", "")
