"""Moves the times of a running stack's videos into the past."""

from datetime import UTC, datetime, timedelta
from typing import Any

LEASE = timedelta(seconds=150)
"""Length of a lease in the local stack: the function's timeout and the grace period."""

_PAST = timedelta(hours=1)


def let_time_pass(videos: Any, *, workers: timedelta, waiting: timedelta) -> None:
    """Move videos one hour into the past.

    It affects leases older than `workers`, and pending videos older than `waiting`. A worker may
    still be alive then, and must do no harm.
    """
    now = datetime.now(UTC)
    past = now - _PAST
    begun = {"$lt": now + LEASE - workers, "$gt": past}
    leases = dict.fromkeys(["updated_at", "lease.until", "claimable_at"], past)
    videos.update_many({"status": "processing", "claimable_at": begun}, {"$set": leases})
    windows = dict.fromkeys(["updated_at", "upload.expires_at", "claimable_at"], past)
    idle = {"status": "pending", "updated_at": {"$lt": now - waiting}}
    videos.update_many(idle, {"$set": windows})
