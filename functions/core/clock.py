"""The clock, passed as a function so that tests can set the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def rfc3339(moment: datetime) -> str:
    """Format a moment as RFC 3339, in UTC and with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
