"""Runs ministack, the emulator of S3 and SQS, behind a guard for what AWS does not have or refuses.

ministack's own Python runs this file as a script, so it imports only the standard library and
ministack. Without the guard any page in a browser of this machine could delete all objects by one
request, and the holder of one signed URL could copy other objects.
"""

import importlib
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_HEALTH = "/_ministack/health"


class Guard:
    """Refuses unknown hosts, administration by HTTP, and `x-amz-` headers that are not signed."""

    def __init__(self, app: _App, *, host: str) -> None:
        """Take the emulator and the address that it listens on."""
        self._app = app
        self._host = host

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer 403 with an error of S3, or pass the request on."""
        message = self._refusal(scope) if scope["type"] == "http" else None
        if message is None:
            await self._app(scope, receive, send)
            return
        body = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()
        headers = [(b"content-type", b"application/xml"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: _Scope) -> str | None:
        pairs = scope["headers"]
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in pairs}
        if not self._knows(headers.get("host", "")):
            return "The local S3 does not answer to this host."
        # The paths of ministack, LocalStack and AWS's emulated gateways. No bucket begins so.
        if scope["path"].startswith("/_") and scope["path"] != _HEALTH:
            return "The local S3 has no administration by HTTP."
        # https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
        if {name for name in headers if name.startswith("x-amz-")} - _signed(scope, headers):
            return "There were headers present in the request which were not signed"
        return None

    def _knows(self, host: str) -> bool:
        """Tell whether a `Host` header names this machine, as the API's own rule does (ADR 31)."""
        name = re.sub(r":\d*$", "", host).strip("[]").rstrip(".").lower()
        try:
            return name == self._host or ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")


def _signed(scope: _Scope, headers: dict[str, str]) -> set[str]:
    """Return the names of the headers that a request's signature covers.

    A signature in the query counts alone: anyone can add an `Authorization` header to it.
    """
    query = parse_qs(scope["query_string"].decode("latin-1"))
    in_header = re.findall(r"SignedHeaders=([^,\s]+)", headers.get("authorization", ""))
    found = query.get("X-Amz-SignedHeaders") or in_header
    return set(found[0].split(";")) if found else set()


def main() -> None:
    """Run ministack, whose settings are environment variables, behind the guard."""
    emulator: Any = importlib.import_module("ministack.app")
    emulator.app = Guard(emulator.app, host=os.environ["BIND_HOST"])
    emulator.main()


if __name__ == "__main__":
    main()
