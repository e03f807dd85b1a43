"""The local stack as it is deployed: closed, with `clipo up --access=keys`."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from functions.core.api_keys import Root
from tests.credentials import admin_token, bearer
from tests.problems import problem
from tests.running_stack import RunningStack, running_stack


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("closed"), ACCESS="keys") as stack:
        yield stack


def root_of(stack: RunningStack) -> Root:
    return Root(1, (stack.home / "root_secret").read_text())


def test_a_stranger_is_refused_and_the_operator_is_not(closed: RunningStack) -> None:
    response = closed.client.get("/videos")
    assert problem(response)["code"] == "unauthenticated"
    assert response.headers["www-authenticate"] == "Bearer"
    admin = bearer(admin_token(root_of(closed)))
    assert closed.client.get("/videos", headers=admin).status_code == 200
    assert closed.client.get("/health").status_code == 200


def test_a_large_upload_without_a_credential_is_refused_before_its_body_is_sent(
    closed: RunningStack,
) -> None:
    host, port = urlsplit(closed.api).hostname, urlsplit(closed.api).port
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(
            b"POST /upload-video/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "lines",
    [
        "GET http://localhost/videos HTTP/1.1",
        "GET http://localhost/health/../videos HTTP/1.1",
        "GET /health/../videos HTTP/1.1",
        "GET /health/%2e%2e/videos HTTP/1.1",
        "GET //videos HTTP/1.1",
        "GET //localhost/health HTTP/1.1",
        "GET /videos#/health HTTP/1.1",
        "GET /videos?/../health HTTP/1.1",
        "GET /videos;/health HTTP/1.1",
        "GET /videos%00/health HTTP/1.1",
        "GET /HEALTH HTTP/1.1",
        "get /videos HTTP/1.1",
        "OPTION /videos HTTP/1.1",
        "GET /videos HTTP/1.0",
        "DELETE /videos/{id} HTTP/1.1\r\nX-HTTP-Method-Override: OPTIONS",
        "GET /videos HTTP/1.1\r\nX-Original-URL: /health\r\nX-Rewrite-URL: /health",
        "GET /videos HTTP/1.1\r\nX-Forwarded-Prefix: /videos\r\nX-Forwarded-For: 127.0.0.1",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer x\r\nAuthorization: Bearer {admin}",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer x\r\n Bearer {admin}",
        "GET /videos HTTP/1.1\r\nAuthorization : Bearer {admin}",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer {admin}\x00",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer\t{admin}",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer \xa0{admin}",
        "GET /videos HTTP/1.1\r\nAuthorization: Bearer " + "A" * 200_000,
        "GET /videos HTTP/1.1\r\nCookie: clipo_80={admin}",
    ],
)
def test_no_way_to_write_a_request_avoids_the_check(closed: RunningStack, lines: str) -> None:
    admin = admin_token(root_of(closed))
    new = {"filename": "clip.mp4", "size": 5}
    video = closed.client.post("/videos", json=new, headers=bearer(admin)).json()
    head = lines.replace("{id}", video["id"]).replace("{admin}", admin)
    answer = raw_answer(closed, f"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] in (b"400", b"401"), answer
    assert b"clip.mp4" not in answer
    found = closed.client.get(f"/videos/{video['id']}", headers=bearer(admin))
    assert found.status_code == 200


def raw_answer(stack: RunningStack, request: str) -> bytes:
    """Send a request byte by byte as it is, and return the whole answer."""
    host, port = urlsplit(stack.api).hostname, urlsplit(stack.api).port
    answer = b""
    with socket.create_connection((host, port), timeout=10) as connection:
        # The server may close before it has read all of a request that it refuses.
        with suppress(ConnectionError):
            connection.sendall(request.encode("latin-1"))
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
    return answer


def test_only_the_api_knows_the_root_secret(closed: RunningStack) -> None:
    secret = root_of(closed).secret.encode()
    for word, process in closed.children().items():
        environ = Path(f"/proc/{process}/environ").read_bytes()
        assert (secret in environ) == (word == "clipo.local.api_server"), word
        if word == "clipo.local.images":
            assert b"MONGODB_URI=" not in environ
    assert secret not in (closed.home / "functions.env").read_bytes()
    assert (closed.home / "root_secret").stat().st_mode & 0o777 == 0o600
    for log in (closed.home / "logs").iterdir():
        assert secret not in log.read_bytes(), log
    assert os.fsencode(secret) not in closed.output.encode()


def test_it_says_who_may_call(closed: RunningStack, stack: RunningStack) -> None:
    assert "requests need an API key or a token" in closed.output
    assert "every program on this machine may use all videos" in stack.output
