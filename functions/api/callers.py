"""Refuses requests by the host that they name and by the page that sends them (ADR 31)."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.api import problems
from functions.api.problem_responses import add_problems, problem_response

_READS = ("GET", "HEAD", "OPTIONS")
_OWN_PAGE = ("same-origin", "none")


class KnownHosts:
    """Refuses requests for a host that this server does not answer to.

    A page whose own name resolves to this machine could otherwise read and delete here: the browser
    takes the answer for one of the page's own server (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, knows: Callable[[str], bool]) -> None:
        """Take a predicate of the header `Host`."""
        self._app = app
        self._knows = knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 for other hosts."""
        host = Request(scope).headers.get("host", "") if scope["type"] == "http" else None
        if host is None or self._knows(host):
            await self._app(scope, receive, send)
            return
        detail = f"This server does not answer to the host {host!r}. Add its name to CLIPO_HOSTS."
        refusal = problem_response(Request(scope), problems.UNKNOWN_HOST, detail)
        await refusal(scope, receive, send)


class CrossSiteWrites:
    """Refuses changes that a page of another origin sends, unless that origin is allowed.

    CORS alone does not: a browser sends a form and some other requests without asking first.
    """

    def __init__(self, app: ASGIApp, *, allows: Callable[[str], bool]) -> None:
        """Take a predicate of the header `Origin`."""
        self._app = app
        self._allows = allows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to such a request."""
        if scope["type"] != "http" or not self._refuses(Request(scope)):
            await self._app(scope, receive, send)
            return
        origin = Request(scope).headers.get("origin")
        page = f"of the origin {origin!r}" if origin else "of another site"
        detail = (
            f"A page {page} sends this request. Allow its origin (the template's"
            " ApiOrigins, the local API_ORIGINS), or send Authorization."
        )
        refusal = problem_response(Request(scope), problems.CROSS_SITE, detail)
        await refusal(scope, receive, send)

    def _refuses(self, request: Request) -> bool:
        """Tell whether a browser says that the request is another site's.

        Programs that are not browsers send neither header.
        https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
        """
        headers = request.headers
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if request.method in _READS or "authorization" in headers:
            return False
        if origin and self._allows(origin):
            return False
        if site:
            return site not in _OWN_PAGE
        return bool(origin) and _authority(origin) != headers.get("host", "").lower()


def document_refusals(schema: dict[str, Any]) -> None:
    """Add to every operation of an OpenAPI document what these two can answer."""
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            kinds = [problems.UNKNOWN_HOST]
            if method.upper() not in _READS:
                kinds.append(problems.CROSS_SITE)
            add_problems(operation, *kinds)


def name_of(host: str) -> str:
    """Return the name in a `Host` header: in lower case, without the port and a dot at its end."""
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)
    return found[1].strip("[]").rstrip(".").lower() if found else ""


def is_loopback(name: str) -> bool:
    """Tell whether a host's name always means this machine."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        # Browsers resolve these themselves: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
        return name == "localhost" or name.endswith(".localhost")


def _authority(origin: str | None) -> str:
    try:
        return urlsplit(origin or "").netloc.lower()
    except ValueError:
        return ""
