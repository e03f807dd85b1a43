"""The log of webhook deliveries: values only."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LOG_KEPT = timedelta(days=7)
"""The time for which Clipo keeps a delivery in the log, from its latest change on."""

MOST_ATTEMPTS_LOGGED = 20

DELIVERY_ID = re.compile(r"msg_[0-9a-f]{24,32}\.(settings|rcv_[0-9a-f]{24})")


class DeliveryStatus(StrEnum):
    """The status of a delivery."""

    PENDING = "pending"
    """The next attempt is due, now or later."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """No further attempt is made."""


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One request to a receiver."""

    at: datetime
    status: int | None
    """The HTTP status; `None` if there was no response."""
    reason: str
    """The result in a few words, without the receiver's address."""
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """The delivery of one event to one receiver. It has neither the URL nor the payload."""

    id: str
    """The id of the event, a dot and the id of the receiver. It sorts by the event's time."""
    receiver: str
    event_id: str
    type: str
    status: DeliveryStatus
    created_at: datetime
    """The time of the event."""
    video_id: str | None = None
    """The video; `None` in a test of the receiver."""
    owner: str | None = None
    """The owner of the video."""
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    attempts: tuple[LoggedAttempt, ...] = ()
    """The latest attempts, oldest first."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """The conditions that all deliveries of a list meet. `None` sets no condition."""

    video_id: str | None = None
    receiver: str | None = None
    status: DeliveryStatus | None = None


def delivery_id(event_id: str, receiver: str) -> str:
    """Return the id of the delivery of an event to a receiver."""
    return f"{event_id}.{receiver}"
