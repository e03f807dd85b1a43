"""The two routes of a mount, `/token` and `/webhook`, without a web framework."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from clipo.errors import Misuse
from clipo.server.tokens import Forbidden, Grant, page_tokens
from clipo.server.webhooks import ClipoEvent, HandledEvents, InvalidWebhook, verify_webhook

Handler = Callable[[ClipoEvent], object]

MOST_BODY_BYTES = 1 << 20
"""A webhook is much smaller."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, for the web framework to send."""

    status: int
    headers: Mapping[str, str]
    body: str


class Mount:
    """Clipo for one app. Each setting has a default in the environment."""

    def __init__(
        self,
        *,
        url: str | None = None,
        key: str | None = None,
        signing_secret: str | None = None,
        webhook_secret: str | None = None,
        on_done: Handler | None = None,
        on_failed: Handler | None = None,
    ) -> None:
        """Take the API's address, an API key or its id, its secret, and that of the webhooks.

        By default they are CLIPO_API, CLIPO_API_KEY, CLIPO_SIGNING_SECRET and CLIPO_WEBHOOK_SECRET.
        `on_done` and `on_failed` are called once for each event in this process. Raises `Misuse`
        if a setting is missing.
        """
        self._settings = {
            "url": url or _variable("CLIPO_API"),
            "key": key or _variable("CLIPO_API_KEY"),
            "signing_secret": signing_secret or _variable("CLIPO_SIGNING_SECRET"),
        }
        if on_done or on_failed:
            webhook_secret = webhook_secret or _variable("CLIPO_WEBHOOK_SECRET")
        self._webhook_secret = webhook_secret
        self._handlers = {"video.done": on_done, "video.failed": on_failed}
        self._handled = HandledEvents()

    def token(
        self, owner: Grant | Forbidden | str | int | None, headers: Mapping[str, str]
    ) -> Reply:
        """Reply `POST /token` for the user who is logged in, if there is one.

        A `Grant` limits what the page may do, or lets its user see a video of another owner.
        `Forbidden()` is for a user who may do nothing there.
        """
        if _is_cross_site(headers):
            return _problem(403, "cross_site", "A page of another site sends this request.")
        if not owner:
            return _problem(401, "unauthenticated", "Log in to this app first.")
        if isinstance(owner, Forbidden):
            return _problem(403, "forbidden", "The user of this app may not use this page.")
        return _json(200, page_tokens(owner, **self._settings))

    def webhook(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Reply `POST /webhook`. The body is as it was received.

        Of a body that is larger than `MOST_BODY_BYTES`, its beginning is enough.
        """
        if len(body) > MOST_BODY_BYTES:
            return _problem(413, "body_too_large", "The webhook has more than 1 MiB.")
        secrets = self._webhook_secret or _variable("CLIPO_WEBHOOK_SECRET")
        try:
            event = verify_webhook(body, headers, secrets)
        except InvalidWebhook as error:
            return _problem(400, "invalid_webhook", str(error))
        handle = self._handlers.get(event.type)
        if handle and not self._handled.handle_once(event, handle):
            return _problem(409, "in_progress", "The app is handling this event.")
        return Reply(204, {}, "")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise Misuse(f"Clipo needs {name}: set it, or pass it to the mount.")
    return value


def _is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site sends a request.

    A program that is not a browser sends neither header. The rules are those of
    https://pkg.go.dev/net/http#CrossOriginProtection
    """
    given = {name.lower(): value for name, value in headers.items()}
    if site := given.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    if (origin := given.get("origin")) is None:
        return False
    try:
        return urlsplit(origin).netloc != given.get("host")
    except ValueError:
        return True


def _json(status: int, body: Mapping[str, Any], kind: str = "application/json") -> Reply:
    headers = {"Content-Type": kind, "Cache-Control": "no-store"}
    return Reply(status, headers, json.dumps(body))


def _problem(status: int, code: str, detail: str) -> Reply:
    body = {
        "type": f"urn:clipo:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
    }
    return _json(status, body | {"detail": detail, "code": code}, "application/problem+json")
