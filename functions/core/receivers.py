"""Receivers of webhooks: what each of them gets, and the secrets that sign it."""

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from functions.core.result_event import EventType, event_type
from functions.core.video import Video

MOST_RECEIVERS = 20
"""The number of receivers that one Clipo has at most. Every result has the state of each."""

SECRETS_OVERLAP = timedelta(days=1)
"""The time for which the previous secret of a receiver also signs after a change."""

RECEIVER_ID = re.compile(r"rcv_[0-9a-f]{24}")
EVERY_EVENT = frozenset(EventType)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A server that gets webhooks. It contains no secret: `signing_secret` derives that."""

    id: str
    url: str = field(repr=False)
    created_at: datetime
    events: frozenset[EventType] = EVERY_EVENT
    owner: str | None = None
    """The only owner whose results it gets; `None` for those of all videos."""
    description: str | None = None
    enabled: bool = True
    secret_number: int = 1
    """The number of its signing secret, which each change raises."""
    previous_secret_until: datetime | None = None
    """The time until which the secret before also signs."""

    def wants(self, video: Video) -> bool:
        """Tell whether it gets the result of a finished video."""
        return (
            self.enabled and event_type(video) in self.events and self.owner in (None, video.owner)
        )

    def secret_numbers(self, now: datetime) -> list[int]:
        """Return the numbers of the secrets that sign now, the newest first."""
        until = self.previous_secret_until
        overlap = until is not None and now < until
        return [self.secret_number, self.secret_number - 1] if overlap else [self.secret_number]


def new_receiver_id(random: Callable[[int], bytes]) -> str:
    """Return the id of a new receiver. `random` returns that many random bytes."""
    return f"rcv_{random(12).hex()}"


def signing_secret(root: str, receiver_id: str, number: int) -> str:
    """Return a receiver's secret in the form of Standard Webhooks: 32 bytes in base64.

    The root secret derives it, so that no database has it.
    """
    purpose = f"clipo/webhook/v1:{receiver_id}:{number}"
    key = hmac.digest(root.encode(), purpose.encode(), "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


def fault_of_url(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with a receiver's URL, as the end of a sentence; `None` if it is good.

    The address itself is checked at each delivery.
    """
    schemes = ("https", "http") if allow_private else ("https",)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL."
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        return f"must begin with {' or '.join(f'{one}://' for one in schemes)} and a host."
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or parts.username is not None or parts.fragment:
        return (
            "must contain only ASCII characters, no spaces, no credentials and no #fragment. The"
            " receiver authenticates webhooks by their signature."
        )
    return None
