"""Videos that no event moves: when upkeep takes them up, sends another event, or fails them."""

from dataclasses import replace
from datetime import datetime, timedelta

from functions.core.failures import (
    ATTEMPTS_EXHAUSTED,
    RETRIES_EXHAUSTED,
    SOURCE_GONE,
    UPLOAD_EXPIRED,
)
from functions.core.lifecycle.announcement import UPLOAD_GRACE
from functions.core.lifecycle.attempts import MAX_REPLACEMENTS, failed, is_later
from functions.core.lifecycle.replays import is_replaced
from functions.core.video import (
    MAX_ATTEMPTS,
    Failure,
    Source,
    Status,
    UploadedObject,
    Video,
    Webhook,
)

MAX_REPLAYS = 5
"""The number of events that upkeep sends for one video while no worker claims it."""

EXPIRED_KEPT = timedelta(days=7)
"""The time for which Clipo keeps the record of an announcement whose upload never arrived."""

LAPSE_GRACE = timedelta(seconds=60)
"""The time that upkeep waits after the end of a lease, because two machines' clocks differ."""

REPLAY_PATIENCE = timedelta(minutes=15)
"""The time that upkeep waits for a re-sent event before it sends another; doubled each time."""


def is_overdue(video: Video, *, now: datetime) -> bool:
    """Tell whether an unfinished video has outlasted its upload window or its lease, and grace."""
    if video.status is Status.PENDING:
        return video.upload.expires_at < now - UPLOAD_GRACE
    return video.claimable_at is not None and video.claimable_at < overdue_before(now)


def overdue_before(now: datetime) -> datetime:
    """Return the moment before which every overdue video was claimable."""
    return now - LAPSE_GRACE


def event_may_come(video: Video, *, now: datetime) -> bool:
    """Tell whether Lambda may still deliver an event of an unfinished video.

    A pending video was last changed when it was announced, retried or replayed. Each event gets
    twice the time of the one before, more than 7 hours in all: Lambda keeps an event that waits for
    a free worker for 6.
    """
    sent = video.status is Status.PENDING or video.replays > 0
    return sent and now - video.updated_at < REPLAY_PATIENCE * 2 ** max(video.replays - 1, 0)


def why_hopeless(video: Video, found: Source | None) -> Failure | None:
    """Return why another event would not finish a stuck video, `None` if it may.

    `found` is the object that is stored for it now.
    """
    if found is None:
        return (SOURCE_GONE if video.source else UPLOAD_EXPIRED).failure()
    if is_replaced(video, found) and video.replacements >= MAX_REPLACEMENTS:
        return SOURCE_GONE.failure()
    if video.attempts >= MAX_ATTEMPTS:
        return ATTEMPTS_EXHAUSTED.failure()
    if video.replays >= MAX_REPLAYS:
        return RETRIES_EXHAUSTED.failure()
    return None


def is_abandoned(video: Video, event: UploadedObject, *, failed_at: datetime) -> bool:
    """Tell whether no worker will finish a video whose `event` has failed for the last time.

    A worker may still finish a video that has a live lease, or that was claimed, retried or
    replayed since. A newer upload has its own event.
    """
    if video.status.finished or video.updated_at > failed_at:
        return False
    if video.lease and video.lease.until > failed_at:
        return False
    return video.source is None or not is_later(video.source, event.source)


def fail_stuck(video: Video, *, error: Failure, webhook: Webhook | None, now: datetime) -> Video:
    """Move a video that no worker finishes to failed, or a reprocessed one back to done.

    MongoDB removes the record of an expired upload after `EXPIRED_KEPT`, unless a late upload, a
    retry or a repeated announcement moves the video before.
    """
    return _expired(replace(failed(video, error, None, webhook, now), replays=0), now)


def _expired(video: Video, now: datetime) -> Video:
    """Have a record removed later if it has neither an uploaded object nor a result."""
    expired = video.error is not None and video.error.code == UPLOAD_EXPIRED.code
    never_uploaded = expired and video.source is None and not video.has_result
    return replace(video, remove_at=now + EXPIRED_KEPT) if never_uploaded else video
