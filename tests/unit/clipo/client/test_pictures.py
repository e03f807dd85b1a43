"""Pictures, which an API may have to make first, and which it may keep in storage."""

import asyncio
from dataclasses import dataclass, field

import httpx2
import pytest

from clipo.client import pictures
from clipo.client.api import Api
from clipo.client.credentials import given
from clipo.client.faults import NotClipo, Problem

ID = "6b03911acf2b20c6f6841702"
API = "http://127.0.0.1:8000"


def problem(status: int, code: str, **headers: str) -> httpx2.Response:
    document = {"title": "No", "detail": "Not so.", "code": code, "status": status}
    return httpx2.Response(status, json=document, headers=headers)


@dataclass
class Server:
    """An API that answers with the given responses first, and storage."""

    first: list[httpx2.Response]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.first.pop(0) if self.first else httpx2.Response(200, content=b"JPEG")

    def paths(self) -> list[str]:
        return [str(request.url) for request in self.asked]


def fetched(server: Server, **query: str | int | None) -> tuple[bytes, int]:
    waits = 0

    def on_wait() -> None:
        nonlocal waits
        waits += 1

    async def fetch() -> bytes:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(server)) as http:
            api = Api(API, http, credential=given("clipo_sk_x", "a test"))
            return await pictures.fetch(api, ID, "image.jpg", on_wait, **query)

    return asyncio.run(fetch()), waits


def test_only_what_is_given_is_asked_for() -> None:
    server = Server([])
    assert fetched(server, t="10%", w=320, h=None) == (b"JPEG", 0)
    assert server.paths() == [f"{API}/videos/{ID}/image.jpg?t=10%25&w=320"]


def test_the_credential_follows_to_the_version_but_not_to_storage() -> None:
    versioned = f"/videos/{ID}/image.jpg?v=1"
    server = Server(
        [
            httpx2.Response(307, headers={"Location": versioned}),
            httpx2.Response(307, headers={"Location": "http://127.0.0.1:4566/signed"}),
        ]
    )
    assert fetched(server)[0] == b"JPEG"
    assert server.paths()[1:] == [f"{API}{versioned}", "http://127.0.0.1:4566/signed"]
    sent = ["authorization" in request.headers for request in server.asked]
    assert sent == [True, True, False]


def test_a_picture_that_is_being_made_is_asked_for_again() -> None:
    not_ready = problem(503, "picture_not_ready", **{"Retry-After": "0"})
    assert fetched(Server([not_ready, not_ready])) == (b"JPEG", 2)


def test_the_wait_is_bounded() -> None:
    with pytest.raises(Problem) as caught:
        fetched(Server([problem(503, "picture_not_ready", **{"Retry-After": "61"})]))
    assert caught.value.code == "picture_not_ready"


@pytest.mark.parametrize(
    "answer", [problem(406, "no_encoder"), problem(422, "invalid_request"), problem(503, "other")]
)
def test_a_refusal_is_final(answer: httpx2.Response) -> None:
    server = Server([answer])
    with pytest.raises(Problem):
        fetched(server)
    assert len(server.asked) == 1


def test_a_redirect_to_an_invalid_address_is_reported() -> None:
    server = Server([httpx2.Response(307, headers={"Location": "http://storage:99999/a"})])
    with pytest.raises(NotClipo, match="redirects to an invalid web address"):
        fetched(server)


def test_a_loop_of_redirects_ends() -> None:
    server = Server([httpx2.Response(307, headers={"Location": "?v=1"}) for _ in range(9)])
    with pytest.raises(Exception, match="redirects to"):
        fetched(server)
    assert len(server.asked) == 4
