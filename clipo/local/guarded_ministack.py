"""Runs ministack, the emulator of S3 and SQS, behind a guard for what AWS does not have or refuses.

ministack's own Python runs this file as a script, so it imports only the standard library and
ministack. Without the guard any page in a browser of this machine could delete all objects by one
request.
"""

import importlib
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_HEALTH = "/_ministack/health"


class Guard:
    """Refuses unknown hosts, and administration by HTTP."""

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
        host = dict(scope["headers"]).get(b"host", b"")
        if not self._knows(host.decode("latin-1")):
            return "The local S3 does not answer to this host."
        # The paths of ministack, LocalStack and AWS's emulated gateways. No bucket begins so.
        if scope["path"].startswith("/_") and scope["path"] != _HEALTH:
            return "The local S3 has no administration by HTTP."
        return None

    def _knows(self, host: str) -> bool:
        """Tell whether a `Host` header names this machine, as the API's own rule does (ADR 31)."""
        name = re.sub(r":\d*$", "", host).strip("[]").rstrip(".").lower()
        try:
            return name == self._host or ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")


def main() -> None:
    """Run ministack, whose settings are environment variables, behind the guard."""
    emulator: Any = importlib.import_module("ministack.app")
    emulator.app = Guard(emulator.app, host=os.environ["BIND_HOST"])
    emulator.main()


if __name__ == "__main__":
    main()
