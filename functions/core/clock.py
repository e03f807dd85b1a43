"""The time, as something that is handed over: whoever proves what time does can move it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this machine's time, in UTC."""
    return datetime.now(UTC)
