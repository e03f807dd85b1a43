"""Credentials of an HTTP endpoint, as SnapStart gives them to a function."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from functions.adapters.request_failed import RequestFailed
from functions.adapters.signed.credentials import (
    ContainerCredentials,
    Credentials,
    credential_source,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def answer(number: int, *, expires: datetime = NOW + timedelta(hours=1)) -> bytes:
    """Return an answer as AWS documents it."""
    document = {
        "AccessKeyId": f"ASIA{number}",
        "SecretAccessKey": "hidden",
        "Token": "passing",
        "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        "Code": "Success",
    }
    return json.dumps(document).encode()


@dataclass
class Endpoint:
    """Answers one request after the other, and the last answer again and again."""

    answers: list[bytes]
    status: int = 200
    url: str = ""
    tokens: list[str | None] = field(default_factory=list)

    def next(self, token: str | None) -> bytes:
        self.tokens.append(token)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def endpoint(*answers: bytes, status: int = 200) -> Iterator[Endpoint]:
    served = Endpoint(list(answers), status)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.next(self.headers["Authorization"])
            self.send_response(served.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}/credentials"
        yield served
        server.shutdown()
        thread.join()


def test_the_endpoints_credentials_are_read_once_by_many_threads() -> None:
    with endpoint(answer(1, expires=datetime.now(UTC) + timedelta(hours=1))) as served:
        current = credential_source(
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": served.url,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "lambda's own",
            }
        )
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: current(), range(40)))
    assert found == {Credentials("ASIA1", "hidden", "passing")}
    assert served.tokens == ["lambda's own"]


def test_they_are_renewed_five_minutes_before_they_expire() -> None:
    time = NOW
    with endpoint(answer(1), answer(2, expires=NOW + timedelta(hours=2))) as served:
        kept = ContainerCredentials(served.url, "token", now=lambda: time)
        assert kept.current().access_key_id == "ASIA1"
        time = NOW + timedelta(minutes=54, seconds=59)
        assert kept.current().access_key_id == "ASIA1"
        time = NOW + timedelta(minutes=55)
        assert kept.current().access_key_id == "ASIA2"
        assert kept.current().access_key_id == "ASIA2"
    assert len(served.tokens) == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        b"no JSON",
        b"[]",
        b"null",
        b"{}",
        answer(1).replace(b"passing", b"two\\nlines"),
        answer(1).replace(b"2026", b"soon"),
        answer(1).replace(b'"hidden"', b"5"),
    ],
)
def test_an_answer_that_is_not_understood_is_a_failure_and_not_kept(nonsense: bytes) -> None:
    with endpoint(nonsense, answer(2)) as served:
        kept = ContainerCredentials(served.url, "token", now=lambda: NOW)
        with pytest.raises(RequestFailed, match="not understood"):
            kept.current()
        assert kept.current().access_key_id == "ASIA2"


def test_a_refusal_is_a_failure() -> None:
    with endpoint(b"", status=403) as served, pytest.raises(RequestFailed, match="403"):
        ContainerCredentials(served.url, "other").current()


def test_an_endpoint_that_does_not_answer_is_a_failure() -> None:
    with pytest.raises(RequestFailed, match="NewConnectionError"):
        ContainerCredentials("http://127.0.0.1:9/", "token").current()
