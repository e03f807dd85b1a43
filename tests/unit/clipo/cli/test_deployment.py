"""Findings of `clipo doctor` on who may call an API, and on the credential in use."""

import asyncio
from typing import Any

import httpx2
import pytest

from clipo.cli import deployment
from clipo.cli.finding import Finding, State
from clipo.client.api import Api
from clipo.client.credentials import Credential
from clipo.local import checkout

ALL = ["upload", "read", "deliver", "write"]


def findings(
    status: int,
    document: dict[str, Any],
    *,
    api: str = "https://api",
    has_key: bool = True,
) -> dict[str, Finding]:
    """Return the findings on an API that answers `GET /me` so, by name."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/health":
            return httpx2.Response(200, json={"message": "Clipo is healthy"})
        if request.url.path == "/me":
            return httpx2.Response(status, json=document)
        return httpx2.Response(503, json={"code": "down", "detail": "Down."})

    async def ask() -> list[Finding]:
        credential = Credential("a test", lambda: "secret", "Get another.") if has_key else None
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
            return [one async for one in deployment.findings(Api(api, http, credential=credential))]

    return {found.name: found for found in asyncio.run(ask())}


def test_a_closed_api_that_accepts_the_login_is_well() -> None:
    found = findings(200, {"access": "keys", "scopes": ALL})
    assert (found["Access"].state, found["Login"].state) == (State.OK, State.OK)
    assert "Closed" in found["Access"].said
    assert "accepts a test" in found["Login"].said
    assert "Database" in found


@pytest.mark.parametrize(
    ("api", "state"),
    [("https://video.example.com", State.WARNING), ("http://127.0.0.1:8000", State.OK)],
)
def test_an_open_api_is_said_aloud_unless_it_is_this_machines(api: str, state: State) -> None:
    found = findings(200, {"access": "open", "scopes": ALL}, api=api, has_key=False)
    assert found["Access"].state is state
    assert "Open" in found["Access"].said


def test_a_release_without_keys_is_open() -> None:
    found = findings(404, {"code": "route_not_found", "detail": "No route."})
    assert (found["Access"].state, "Database" in found) == (State.WARNING, True)


def test_a_refused_login_ends_the_checks() -> None:
    found = findings(401, {"code": "unauthenticated", "detail": "Revoked."})
    refused = Finding("Login", State.BROKEN, "Clipo refuses a test: Revoked.", "Get another.")
    assert found["Login"] == refused
    assert "Closed" in found["Access"].said
    assert "Database" not in found


def test_a_login_that_may_only_read_leaves_the_storage_out() -> None:
    found = findings(200, {"access": "keys", "scopes": ["read"]})
    assert found["Login"].state is State.WARNING
    assert "Database" not in found


def test_an_api_that_fails_is_broken() -> None:
    found = findings(503, {"code": "catalog_unavailable", "detail": "Down."})
    assert found["Access"].state is State.BROKEN


LOCAL = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("api", "is_checkout", "fix"),
    [
        (
            LOCAL,
            True,
            "Start the local stack: clipo up (or name another address: --api, CLIPO_API).",
        ),
        (LOCAL, False, "Name your API: --api URL, or CLIPO_API."),
        (
            "http://localhost:1",
            False,
            "Check the address (--api, CLIPO_API), and that Clipo runs there.",
        ),
    ],
)
def test_an_address_without_a_server_has_one_remedy(
    monkeypatch: pytest.MonkeyPatch, *, api: str, is_checkout: bool, fix: str
) -> None:
    monkeypatch.setattr(checkout, "is_here", lambda: is_checkout)
    found = findings_without_server(api)
    assert found == [Finding("API", State.BROKEN, f"Nothing answers at {api}.", fix)]


def findings_without_server(api: str) -> list[Finding]:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async def ask() -> list[Finding]:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as http:
            return [one async for one in deployment.findings(Api(api, http, credential=None))]

    return asyncio.run(ask())
