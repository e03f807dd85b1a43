"""Lets time pass for the videos of a running stack."""

from datetime import UTC, datetime, timedelta
from typing import Any

LEASE = timedelta(seconds=150)
"""What a worker of the local stack takes: its function's time, and what is added to it."""

_PAST = timedelta(hours=1)


def let_time_pass(videos: Any, *, workers: timedelta, waiting: timedelta) -> None:
    """Let an hour pass for workers that have begun, and videos that wait, for so long.

    A worker that is alive is overtaken by this: it must do no harm.
    """
    now = datetime.now(UTC)
    past = now - _PAST
    begun = {"$lt": now + LEASE - workers, "$gt": past}
    leases = dict.fromkeys(["updated_at", "lease.until", "claimable_at"], past)
    videos.update_many({"status": "processing", "claimable_at": begun}, {"$set": leases})
    windows = dict.fromkeys(["updated_at", "upload.expires_at"], past)
    idle = {"status": "pending", "updated_at": {"$lt": now - waiting}}
    videos.update_many(idle, {"$set": windows})
