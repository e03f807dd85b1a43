"""The checks of `clipo doctor` on the API and its storage."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from clipo.cli.finding import Finding, broken, ok, warning
from clipo.client import faults
from clipo.client.address import is_local, login_command, program_for
from clipo.client.api import Api
from clipo.client.faults import Fault, Problem

_SKEW_S = 60
_TOO_MUCH_SKEW_S = 10 * 60
"""Difference of clocks that is broken: close to the 15 minutes that a signature is valid."""


async def findings(api: Api) -> AsyncIterator[Finding]:
    """Yield whether this machine can use the API and its storage.

    Only an announced video has the address of the storage, so one is announced and deleted, if the
    credential allows that.
    """
    try:
        health = await api.health()
    except Fault as fault:
        yield _fault("API", fault)
        return
    yield ok("API", f"{api.address} is Clipo.")
    yield compare_clocks("Clock", health, "this machine", time.time())
    scopes, found = await _access(api)
    for finding in found:
        yield finding
    if not {"upload", "write"} <= scopes:
        return
    try:
        video = await api.announce(
            filename="clipo-doctor.mp4", size=1, idempotency_key=secrets.token_urlsafe(24)
        )
    except Fault as fault:
        log = "Read the API's log. The local stack has it in .clipo/logs."
        yield _fault("Database", fault, log)
        return
    yield ok("Database", "A video can be announced.")
    async for finding in _storage(api, video["upload"]["url"], health):
        yield finding
    try:
        await api.delete(video["id"])
    except Fault as fault:
        program = program_for(api.address, os.environ)
        yield _fault("Delete", fault, f"Delete it later: {program} delete {video['id']}")


def _fault(name: str, fault: Fault, fix: str = "") -> Finding:
    """Return a finding that has the advice of an error once, else `fix`."""
    if fault.advice:
        return broken(name, fault.sentence, fault.advice)
    return broken(name, str(fault), fix)


async def _access(api: Api) -> tuple[set[str], list[Finding]]:
    """Return the scopes of the credential, and findings on it and on who may call the API."""
    closed = ok("Access", "Closed: requests need an API key or a token.")
    try:
        me = await api.me()
    except Problem as problem:
        if problem.code == "unauthenticated":
            return set(), [closed, _fault("Login", problem)]
        if problem.code == "route_not_found":  # release 0.1
            return {"upload", "write"}, [_open(api.address)]
        return set(), [_fault("Access", problem, "Read the API's log.")]
    except Fault as fault:
        return set(), [_fault("Access", fault)]
    found = [closed if me["access"] == "keys" else _open(api.address)]
    return set(me["scopes"]), [*found, _login(api, me)]


def _open(api: str) -> Finding:
    if is_local(api):
        return ok("Access", "Open to every program on this machine.")
    said = f"Open: everyone who reaches {api} may list and delete all videos."
    return warning("Access", said, f"Deploy with Access=keys, then {login_command(api)}")


def _login(api: Api, me: Mapping[str, Any]) -> Finding:
    if api.credential is None:
        return ok("Login", "No credential is needed.")
    said = f"Clipo accepts {api.credential.source}."
    if {"upload", "write"} <= set(me["scopes"]):
        return ok("Login", said)
    fix = "To check them, use a key with the scopes upload and write."
    return warning("Login", f"{said} Without more scopes, database and storage stay unknown.", fix)


async def _storage(api: Api, url: str, health: httpx2.Response) -> AsyncIterator[Finding]:
    where = str(httpx2.URL(url).copy_with(path="/", query=None))
    try:
        # Storage refuses a request without a signature, but that shows that it can be reached.
        answer = await api.http.get(where)
    except httpx2.HTTPError as error:
        said = f"No answer from {where}: {faults.reason(error)}."
        fix = (
            "Uploads go there directly. Check firewall, VPN and DNS; for a local stack, CLIPO_BIND."
        )
        yield broken("Storage", said, fix)
        return
    yield ok("Storage", f"{where} answers.")
    signed_at = _date(health)
    if signed_at is not None:
        yield compare_clocks("Signatures", answer, "the API", signed_at)


def compare_clocks(name: str, answer: httpx2.Response, other: str, other_time: float) -> Finding:
    """Compare the `Date` of a response, which is exact to a second, with another clock."""
    its_time = _date(answer)
    if its_time is None:
        return warning(name, "The server does not send its time.", "Compare the clocks yourself.")
    off = round(abs(its_time - other_time))
    host = answer.request.url.host
    if off <= _SKEW_S:
        return ok(name, f"{host} and {other} have the same time.")
    said = f"The clocks of {host} and {other} differ by {off:,} s; signatures last 900 s."
    fix = "Correct the wrong clock, best with NTP: timedatectl set-ntp true"
    return broken(name, said, fix) if off >= _TOO_MUCH_SKEW_S else warning(name, said, fix)


def _date(answer: httpx2.Response) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
