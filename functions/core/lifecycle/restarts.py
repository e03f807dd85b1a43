"""New attempts that a person or a repeated announcement asks for: retry and reprocess."""

from dataclasses import replace
from datetime import datetime

from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.lifecycle.replays import replay
from functions.core.video import Status, Video


def retry(video: Video, *, now: datetime) -> Move:
    """Move from failed to pending, with all attempts available again.

    The source stays, and with it S3's order of writes.
    """
    if video.status is not Status.FAILED:
        return Refusal.NOT_FAILED
    return replace(_awaiting_processing(video, now), lease=None, error=None, processing=None)


def retry_among_many(video: Video, *, now: datetime) -> Move:
    """Retry a video, and count its event among those that upkeep awaits (ADR 58)."""
    retried = retry(video, now=now)
    return retried if isinstance(retried, Refusal) else replay(retried, now=now)


def reprocess(video: Video, *, now: datetime) -> Move:
    """Move from done to pending, so that this release makes a new result of the same upload.

    Clients see the old result until the new one replaces it.
    """
    if video.status is not Status.DONE:
        return Refusal.NOT_DONE
    return _awaiting_processing(video, now)


def await_upload_again(video: Video, *, now: datetime) -> Move:
    """Retry a video whose upload did not arrive in time. Any other video stays as it is."""
    if video.error is None or video.error.code != UPLOAD_EXPIRED.code:
        return video
    return retry(video, now=now)


def _awaiting_processing(video: Video, now: datetime) -> Video:
    return replace(
        video,
        status=Status.PENDING,
        attempts=0,
        claimable_at=now,
        remove_at=None,
        updated_at=now,
        webhook=None,
    )
