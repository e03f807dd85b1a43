"""The time, as something that is handed over: whoever proves what time does can move it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it: in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> datetime:
    """Return this machine's time, in UTC."""
    return datetime.now(UTC)
