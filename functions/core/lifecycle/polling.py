"""The times at which workers without events take up a video (ADR 60)."""

from dataclasses import replace
from datetime import datetime, timedelta

from functions.core.lifecycle.announcement import may_discard
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.video import Video

LOOK_SHARE = 8
"""The part of the time that a video has waited for its upload after which a worker without events
looks again: an eighth. It looks often for a small file, and seldom for one that may never come."""

SOONEST_LOOK, LATEST_LOOK = timedelta(seconds=0.5), timedelta(minutes=1)
"""The limits of the time between two looks."""

RETRY_DELAY = timedelta(seconds=30)
"""The time after which a worker without events repeats a failed attempt; doubled each time. All
attempts together outlast an outage of 7 minutes."""


def postpone(video: Video, *, now: datetime) -> Move:
    """Set the next time at which workers without events take up a claimable video.

    A worker that looks for an upload saves this first, so that no other one looks at the same time.
    It saves this, too, after a failed attempt.
    """
    if video.claimable_at is None or video.claimable_at > now:
        return Refusal.BUSY
    delay = _until_next_look(video, now) if may_discard(video) else _until_next_attempt(video)
    return replace(video, claimable_at=now + delay)


def _until_next_look(video: Video, now: datetime) -> timedelta:
    waited = (now - video.updated_at) / LOOK_SHARE
    return min(max(waited, SOONEST_LOOK), LATEST_LOOK)


def _until_next_attempt(video: Video) -> timedelta:
    doublings = max(video.attempts - 1, 0)
    return RETRY_DELAY * (1 << doublings)
