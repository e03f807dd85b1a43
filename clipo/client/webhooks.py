"""Follows webhook deliveries and events by polling, and forwards events with valid signatures."""

import asyncio
import base64
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from clipo.client import faults
from clipo.client.address import is_local
from clipo.client.api import Api
from clipo.client.faults import Problem, retry
from clipo.client.http_client import http_client
from clipo.errors import Misuse

_INTERVAL_S = 1.0
_ATTEMPT_S = 60.0
"""Seconds to wait for the attempt of a test or a resend: ten for the receiver, and the queue's."""
_LATE = timedelta(minutes=2)
"""The time by which an event may appear in the list later than its id says."""
_ANSWER_S = 10.0
_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)


async def wait_for_attempt(api: Api, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a delivery after its next attempt, or as it is after a minute."""
    deadline = time.monotonic() + _ATTEMPT_S
    while True:
        now = await retry(lambda: api.delivery(before["id"]))
        attempted = now["attempts"] != before["attempts"]
        ended_without = now["status"] == "failed" != before["status"]
        if attempted or ended_without or time.monotonic() > deadline:
            return now
        await asyncio.sleep(_INTERVAL_S / 4)


async def why_off(api: Api) -> Problem | None:
    """Return the problem of an API whose webhooks are off, which tells how to turn them on."""
    recently = datetime.now(UTC) - _LATE
    try:
        await retry(lambda: api.events(since=recently.isoformat()))
    except Problem as problem:
        if problem.code == "webhooks_off":
            return problem
    return None


async def new_events(api: Api, begun: datetime) -> AsyncIterator[dict[str, Any]]:
    """Yield each event since a time of the API's clock, which is now, once and for ever."""
    ahead = begun - datetime.now(UTC)
    seen: set[str] = set()
    while True:
        since = max(begun, datetime.now(UTC) + ahead - _LATE)
        current: set[str] = set()
        async for event in _events(api, since):
            current.add(event["id"])
            if event["id"] not in seen:
                yield event
        seen = current
        await asyncio.sleep(_INTERVAL_S)


async def _events(api: Api, since: datetime) -> AsyncIterator[dict[str, Any]]:
    cursor = None
    while True:
        page = await _page(api, since, cursor)
        for event in page["data"]:
            yield event
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def _page(api: Api, since: datetime, cursor: str | None) -> dict[str, Any]:
    return await retry(lambda: api.events(since=since.isoformat(), cursor=cursor))


async def time_at(api: Api) -> datetime:
    """Return the time by the clock of the API, to the second."""
    said = (await api.health()).headers.get("date")
    return parsedate_to_datetime(said) if said else datetime.now(UTC)


def new_secret() -> str:
    """Return a secret in the form of Standard Webhooks."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Forwarder:
    """Sends events to one address as Clipo sends webhooks, but once each."""

    def __init__(self, url: str, key: bytes, http: httpx2.AsyncClient) -> None:
        """Take the bytes that the secret stands for."""
        self._url = url
        self._key = key
        self._http = http

    async def send(self, event: Mapping[str, Any]) -> str:
        """Send an event, and return the result in a few words."""
        body = {name: event[name] for name in ("type", "timestamp", "data")}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        try:
            answer = await self._http.post(
                self._url, content=text.encode(), headers=self._headers(event["id"], text)
            )
        except httpx2.HTTPError as error:
            return f"not delivered: {self._why(error)}"
        return f"{self._url} answers {answer.status_code}"

    def _why(self, error: httpx2.HTTPError) -> str:
        if isinstance(error, httpx2.ConnectError) and is_local(self._url):
            return f"nothing listens at {self._url}, and this event is not sent again"
        return (
            f"no answer from {self._url} ({faults.reason(error)}), and this event is not sent again"
        )

    def _headers(self, event_id: str, text: str) -> dict[str, str]:
        """Return headers, with the signature of Standard Webhooks."""
        now = int(time.time())
        signed = hmac.digest(self._key, f"{event_id}.{now}.{text}".encode(), "sha256")
        return {
            "content-type": "application/json",
            "user-agent": "Clipo",
            "webhook-id": event_id,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }


@asynccontextmanager
async def forwarder(url: str, secret: str) -> AsyncIterator[Forwarder]:
    """Yield a forwarder to an address. Raises `Misuse` for a wrong address or secret."""
    parsed = _parsed(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Misuse(f"--forward-to must be an address such as http://localhost:3000: {url!r}.")
    key = signing_key(secret)
    async with http_client(url, timeout=_ANSWER_S) as http:
        yield Forwarder(url, key, http)


def _parsed(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise Misuse(f"--forward-to is not an address: {url!r}.") from error


def signing_key(secret: str) -> bytes:
    """Return the bytes that a secret stands for. Raises `Misuse` for a wrong one."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        raise Misuse(
            "--secret must be whsec_ and 24 to 64 bytes in base64. Without --secret,"
            " Clipo makes one and shows it."
        )
    return key
