"""The events that `clipo webhooks listen` shows and forwards."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any, cast

import httpx2
import pytest

from clipo.client import webhooks
from clipo.client.api import Api
from clipo.errors import Misuse

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()


class FakeApi:
    """Answers each request for events with the next page."""

    def __init__(self, *pages: tuple[list[str], str | None]) -> None:
        self.pages = list(pages)
        self.cursors: list[str | None] = []

    async def events(self, *, since: str, cursor: str | None) -> dict[str, Any]:
        assert datetime.fromisoformat(since).tzinfo
        self.cursors.append(cursor)
        ids, following = self.pages.pop(0)
        return {"data": [{"id": one} for one in ids], "next_cursor": following}


def test_each_event_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list goes back two minutes, because events may appear late."""
    monkeypatch.setattr(webhooks, "_INTERVAL_S", 0)
    api = FakeApi((["msg_1", "msg_3"], None), (["msg_1", "msg_2"], "msg_2"), (["msg_3"], None))
    api.pages.append((["msg_4"], None))

    async def first(count: int) -> list[str]:
        found: list[str] = []
        async for event in webhooks.new_events(cast("Api", api), datetime.now(UTC)):
            found.append(event["id"])
            if len(found) == count:
                break
        return found

    assert asyncio.run(first(4)) == ["msg_1", "msg_3", "msg_2", "msg_4"]
    assert api.cursors == [None, None, "msg_2", None]


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("localhost:3000", SECRET),
        ("ftp://localhost", SECRET),
        ("http://localhost:3000", "whsec_short"),
        ("http://localhost:3000", SECRET.removeprefix("whsec_")),
    ],
)
def test_a_wrong_address_or_secret_is_misuse(url: str, secret: str) -> None:
    async def open_it() -> None:
        async with webhooks.forwarder(url, secret):
            pass

    with pytest.raises(Misuse, match=r"--forward-to|--secret"):
        asyncio.run(open_it())


def test_an_event_that_cannot_be_delivered_is_not_sent_again_and_says_so() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("All connection attempts failed")

    async def send(url: str) -> str:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as http:
            event = {"id": "msg_1", "type": "video.done", "timestamp": "", "data": {}}
            return await webhooks.Forwarder(url, bytes(32), http).send(event)

    assert asyncio.run(send("http://localhost:1/hook")) == (
        "not delivered: nothing listens at http://localhost:1/hook, and this event is not sent"
        " again"
    )
    assert "is not sent again" in asyncio.run(send("https://a.example/hook"))


def test_a_wrong_secret_says_what_to_do() -> None:
    async def forward() -> None:
        async with webhooks.forwarder("http://localhost:1", "secret"):
            pass

    with pytest.raises(Misuse, match="Without --secret, Clipo makes one and shows it"):
        asyncio.run(forward())
