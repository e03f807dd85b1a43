"""Verifies webhooks, and gives each event to the app once.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from clipo.errors import Misuse

_TOLERANCE_S = 300
_MOST_REMEMBERED = 1000
_SHORTEST_KEY = 24
"""Bytes, by the specification."""
_COMPLAINT = "A secret of webhooks is whsec_ and at least 24 bytes in base64."


class InvalidWebhook(Exception):
    """A request that is not a webhook of this Clipo; the message says why."""


@dataclass(frozen=True, slots=True)
class ClipoEvent:
    """A result of Clipo's."""

    id: str
    """The same in each attempt to deliver the result: a unique key for your database."""
    type: str
    """`video.done` or `video.failed`."""
    timestamp: str
    """When the video was finished."""
    video: dict[str, Any]
    """The video, as in docs/webhooks.md."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secrets: str) -> ClipoEvent:
    """Return the event in a webhook's body, as it was received.

    `secrets` is the secret, or two during a change, separated by a space. Raises `InvalidWebhook`,
    and `Misuse` if a secret is none: everybody could sign with an empty one.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not event_id or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise InvalidWebhook("The signature is missing.")
    if abs(time.time() - int(timestamp)) > _TOLERANCE_S:
        raise InvalidWebhook("The webhook was not sent within the last 5 minutes.")
    signatures = given.get("webhook-signature", "").encode().split()
    signed = f"{event_id}.{timestamp}.".encode() + body
    right = [_signature(signed, secret) for secret in secrets.split()]
    if not any(hmac.compare_digest(one, other) for one in signatures for other in right):
        raise InvalidWebhook("The signature is wrong.")
    content = json.loads(body)
    return ClipoEvent(event_id, content["type"], content["timestamp"], content["data"])


def _signature(signed: bytes, secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise Misuse(_COMPLAINT) from error
    if len(key) < _SHORTEST_KEY:
        raise Misuse(_COMPLAINT)
    return b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))


class HandledEvents:
    """The events that this process handles, and the last ones that it has handled."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._handled: dict[str, None] = {}
        self._running: set[str] = set()

    def handle_once(self, event: ClipoEvent, handle: Callable[[ClipoEvent], object]) -> bool:
        """Call a handler unless it has handled the event; `False` if that happens right now.

        An event whose handler raises counts as not handled.
        """
        with self._lock:
            if event.id in self._handled:
                return True
            if event.id in self._running:
                return False
            self._running.add(event.id)
        try:
            handle(event)
            self._remember(event.id)
        finally:
            self._running.discard(event.id)
        return True

    def _remember(self, event_id: str) -> None:
        with self._lock:
            self._handled[event_id] = None
            if len(self._handled) > _MOST_REMEMBERED:
                del self._handled[next(iter(self._handled))]
