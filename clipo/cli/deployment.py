"""What `clipo doctor` looks at in the API and its storage."""

import secrets
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import httpx2

from clipo.cli.finding import Finding, broken, ok, warning
from clipo.client import faults
from clipo.client.api import Api
from clipo.client.faults import Fault, Unreachable

_SKEW_S = 60
_TOO_MUCH_SKEW_S = 10 * 60
"""Signatures are good for 15 minutes."""


async def findings(api: Api) -> AsyncIterator[Finding]:
    """Yield whether the API and its storage can be used from here.

    Only an announcement tells where the storage is: it is made, and the video deleted again.
    """
    try:
        health = await api.health()
    except Fault as fault:
        nobody = isinstance(fault, Unreachable) and fault.refused
        start = "Start it with clipo up, or correct --api or CLIPO_API."
        yield broken("API", str(fault), start if nobody else "")
        return
    yield ok("API", f"{api.address} is Clipo.")
    yield clock("Clock", health, "this machine", time.time())
    try:
        video = await api.create(
            filename="clipo-doctor.mp4", size=1, idempotency_key=secrets.token_urlsafe(24)
        )
    except Fault as fault:
        yield broken("Database", str(fault), "Look at the API's log; locally in .clipo/logs.")
        return
    yield ok("Database", "A video can be announced.")
    async for finding in _storage(api, video["upload"]["url"], health):
        yield finding
    try:
        await api.delete(video["id"])
    except Fault as fault:
        yield broken("Delete", str(fault), f"Later: clipo delete {video['id']}")


async def _storage(api: Api, url: str, health: httpx2.Response) -> AsyncIterator[Finding]:
    where = str(httpx2.URL(url).copy_with(path="/", query=None))
    try:
        # Without a signature it refuses: that, too, is an answer.
        answer = await api.http.get(where)
    except httpx2.HTTPError as error:
        said = f"There is no answer from {where}: {faults.reason(error)}."
        fix = "Uploads go there directly: check firewall, VPN and DNS; locally CLIPO_BIND."
        yield broken("Storage", said, fix)
        return
    yield ok("Storage", f"{where} answers.")
    signed_at = _date(health)
    if signed_at is not None:
        yield clock("Signatures", answer, "the API", signed_at)


def clock(name: str, answer: httpx2.Response, other: str, other_time: float) -> Finding:
    """Compare the time of an answer, to a second, with another clock's."""
    its_time = _date(answer)
    if its_time is None:
        return warning(name, "The server does not tell its time.", "Compare the clocks yourself.")
    off = round(abs(its_time - other_time))
    host = answer.request.url.host
    if off <= _SKEW_S:
        return ok(name, f"{host} and {other} have the same time.")
    said = f"{host} and {other} differ by {off:,} s, and signatures last 900 s."
    fix = "Set the wrong clock, best by NTP: timedatectl set-ntp true"
    return broken(name, said, fix) if off >= _TOO_MUCH_SKEW_S else warning(name, said, fix)


def _date(answer: httpx2.Response) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
