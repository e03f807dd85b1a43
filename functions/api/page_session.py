"""The session of the web page: a cookie that only Clipo's own pages send."""

import re
from datetime import datetime, timedelta

from fastapi import Request, Response

from functions.api import problems
from functions.api.callers import is_loopback, name_of
from functions.api.problems import Problem

SESSION_PATH = "/session"

LONGEST_SESSION = timedelta(hours=12)

_SECURE_COOKIE = "__Host-clipo"
"""Browsers take a cookie of this prefix only over HTTPS and for this host alone.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes"""


def cookie_name(request: Request) -> str | None:
    """Return the name of the cookie; `None` over plain HTTP to another machine.

    On this machine it contains the port, because browsers send cookies to all ports of a host.
    """
    if request.scope["scheme"] == "https":
        return _SECURE_COOKIE
    host = request.headers.get("host", "")
    if not is_loopback(name_of(host)):
        return None
    port = re.search(r":(\d+)$", host, re.ASCII)
    return f"clipo_{port[1] if port else 80}"


def sessions_in(request: Request) -> list[str]:
    """Return the sessions in the request's cookies: more than one if another page has set one."""
    headers = request.headers.getlist("cookie")
    if not headers:
        return []
    name = cookie_name(request)
    pairs = [pair.partition("=") for header in headers for pair in header.split(";")]
    return [value.strip() for found, _, value in pairs if found.strip() == name]


def start_session(
    request: Request, response: Response, session: str, *, expires_at: datetime | None
) -> None:
    """Set the cookie of a session. Raises `Problem` where others could read it."""
    response.set_cookie(
        _required_cookie_name(request),
        session,
        expires=expires_at,
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )


def end_session(request: Request, response: Response) -> None:
    """Remove the cookie of the session. Raises `Problem` as `start_session` does."""
    response.delete_cookie(
        _required_cookie_name(request),
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )


def _required_cookie_name(request: Request) -> str:
    name = cookie_name(request)
    if name is None:
        kind = problems.INSECURE_CONNECTION
        raise Problem(kind, kind.example)
    return name


def check_origin(request: Request) -> None:
    """Raise `Problem` unless a page of this very origin, port included, sends the request."""
    origin = request.headers.get("origin")
    if origin != f"{request.scope['scheme']}://{request.headers.get('host', '')}":
        raise Problem(
            problems.CROSS_SITE,
            f"With the page's session only Clipo's own page may change something, not {origin!r}."
            " Send Authorization instead.",
        )
