"""The life of a video: every way in which its record may change.

Each function takes the record as it was read and returns the record as it should become, or the
`Refusal` that says why it may not change. Nothing here reads a clock, a database or a queue.
`Catalog.save` writes what is returned only if the record is still as it was read.

    pending -> processing -> done | failed        failed -> pending (retry)
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.core.video import (
    Failure,
    Lease,
    Media,
    Processing,
    Source,
    Status,
    Thumbnail,
    UploadedObject,
    Video,
    Webhook,
)

MAX_ATTEMPTS = 5
"""Claims of one uploaded object: three deliveries of its event by Lambda, and two more by an
operator or by upkeep."""

MAX_REPLAYS = 5
"""Events that upkeep sends for one video while none of them is claimed."""

UPLOAD_WINDOW = timedelta(minutes=15)
"""How long a signed upload request is good, and how long Clipo waits for the upload."""

UPLOAD_GRACE = timedelta(minutes=15)
"""How long after its upload window a pending video is left alone: its event may be late."""

LEASE_GRACE = timedelta(seconds=30)
"""Added to a worker's own deadline, so that its lease outlives it."""

LAPSE_GRACE = timedelta(seconds=60)
"""How long after the end of a lease upkeep waits: the clocks of two machines differ."""

REPLAY_PATIENCE = timedelta(minutes=15)
"""How long upkeep waits for a re-sent event before it sends another; doubled each time."""


class Refusal(StrEnum):
    """Why a record may not change."""

    UNKNOWN = "unknown"
    """There is no such video: it was deleted, or was never ours."""
    DUPLICATE = "duplicate"
    """This object has been processed to the end."""
    SUPERSEDED = "superseded"
    """A newer upload of the same video has been claimed, or another worker holds the lease."""
    BUSY = "busy"
    """Another worker holds a live lease: try again later."""
    EXHAUSTED = "exhausted"
    """All attempts are used up."""
    NOT_PENDING = "not_pending"
    NOT_FAILED = "not_failed"


Move = Video | Refusal
"""A record as it should become, or why it may not change."""


# ---- The upload --------------------------------------------------------------------------------


def extend_upload(video: Video, *, now: datetime) -> Move:
    """Wait for the upload until a window from now has passed.

    The same record comes back while more than half of its window is left, so that a client that
    signs many parts at once does not compete with itself. The window and `UPLOAD_GRACE` together
    outlast every signature.
    """
    if video.status is not Status.PENDING:
        return Refusal.NOT_PENDING
    if video.upload.expires_at - now > UPLOAD_WINDOW / 2:
        return video
    return replace(video, upload=replace(video.upload, expires_at=now + UPLOAD_WINDOW))


# ---- A worker ----------------------------------------------------------------------------------


def claim(video: Video | None, event: UploadedObject, lease: Lease, *, now: datetime) -> Move:
    """Give the lease on the event's video to a worker.

    An unfinished video is claimed by an event newer than the one claimed before, at any time, or by
    the same event once the lease has lapsed and while attempts are left. A finished one is claimed
    by a newer upload of other bytes, and a failed one by any newer upload (ADR 15).
    """
    if video is None or video.upload.key != event.key:
        return Refusal.UNKNOWN
    if video.status.finished:
        return _claim_finished(video, event, lease, now)
    if _is_newer(event.source, video.source):
        return _claimed(video, event, lease, now, attempts=1)
    if _is_older(event.source, video.source):
        return Refusal.SUPERSEDED
    if video.attempts >= MAX_ATTEMPTS:
        return Refusal.EXHAUSTED
    if video.claimable_at is None or video.claimable_at > now:
        return Refusal.BUSY
    return _claimed(video, event, lease, now, attempts=video.attempts + 1)


def learn_order(video: Video, event: UploadedObject) -> Video:
    """Remember that the bytes of a done video were written as late as this duplicate event says.

    Clipo then recognizes an event of a write before it as an older upload's.
    """
    source = video.source
    if video.status is not Status.DONE or source is None or source.etag != event.source.etag:
        return video
    if event.source.sequencer <= source.sequencer:
        return video
    return replace(video, source=replace(source, sequencer=event.source.sequencer))


def complete(
    video: Video,
    lease: Lease,
    *,
    media: Media,
    thumbnail: Thumbnail,
    processing: Processing,
    webhook: Webhook | None,
) -> Move:
    """Move to done, if the worker still holds its lease."""
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return replace(
        _finished(video, Status.DONE, webhook, processing.finished_at),
        media=media,
        thumbnail=thumbnail,
        processing=processing,
        error=None,
    )


def fail(
    video: Video, lease: Lease, *, error: Failure, processing: Processing, webhook: Webhook | None
) -> Move:
    """Move to failed, if the worker still holds its lease."""
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return replace(
        _finished(video, Status.FAILED, webhook, processing.finished_at),
        media=None,
        thumbnail=None,
        processing=processing,
        error=error,
    )


def release(video: Video, lease: Lease, *, now: datetime) -> Move:
    """End the lease now, so that the next event can claim the video.

    Nobody holds it then: a request of this worker that the database carries out later changes
    nothing.
    """
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return replace(video, lease=Lease(token="", until=now), claimable_at=now, updated_at=now)


def _holds(video: Video, lease: Lease) -> bool:
    held = video.lease
    return video.status is Status.PROCESSING and held is not None and held.token == lease.token


def _finished(video: Video, status: Status, webhook: Webhook | None, now: datetime) -> Video:
    return replace(
        video, status=status, lease=None, claimable_at=None, webhook=webhook, updated_at=now
    )


def _claim_finished(video: Video, event: UploadedObject, lease: Lease, now: datetime) -> Move:
    seen = video.source
    if seen is None:
        return _claimed(video, event, lease, now, attempts=1)
    later = _is_later(event.source, seen)
    if later and (event.source.etag != seen.etag or video.status is not Status.DONE):
        return _claimed(video, event, lease, now, attempts=1)
    return Refusal.SUPERSEDED if _is_older(event.source, seen) else Refusal.DUPLICATE


def _claimed(
    video: Video, event: UploadedObject, lease: Lease, now: datetime, *, attempts: int
) -> Video:
    source = event.source
    if not source.sequencer and video.source:
        # An event without a sequencer does not erase the order that is known.
        source = replace(source, sequencer=video.source.sequencer)
    return replace(
        video,
        status=Status.PROCESSING,
        source=source,
        lease=lease,
        claimable_at=lease.until,
        attempts=attempts,
        replays=0,
        error=None,
        webhook=None,
        updated_at=now,
    )


def _is_newer(one: Source, claimed: Source | None) -> bool:
    """Tell whether an unfinished video's event is of a newer upload than the one claimed."""
    if claimed is None:
        return True
    if one.sequencer:
        return one.sequencer > claimed.sequencer
    return one.etag != claimed.etag


def _is_older(one: Source, claimed: Source | None) -> bool:
    return claimed is not None and bool(one.sequencer) and one.sequencer < claimed.sequencer


def _is_later(one: Source, other: Source) -> bool:
    """Compare by S3's order where both have one; else other bytes are later bytes (ADR 15)."""
    if one.sequencer and other.sequencer:
        return one.sequencer > other.sequencer
    return one.etag != other.etag


# ---- People and upkeep -------------------------------------------------------------------------


def retry(video: Video, *, now: datetime) -> Move:
    """Move from failed to pending, with all attempts available again.

    The source stays, and with it S3's order of writes.
    """
    if video.status is not Status.FAILED:
        return Refusal.NOT_FAILED
    return replace(
        video,
        status=Status.PENDING,
        attempts=0,
        claimable_at=now,
        updated_at=now,
        lease=None,
        error=None,
        processing=None,
        webhook=None,
    )


def replay(video: Video, *, now: datetime) -> Video:
    """Count an event that upkeep is about to send for a stuck video."""
    return replace(video, replays=video.replays + 1, updated_at=now)


def fail_stuck(video: Video, *, error: Failure, webhook: Webhook | None, now: datetime) -> Video:
    """Move to failed a video that no worker finishes."""
    return replace(
        _finished(video, Status.FAILED, webhook, now),
        error=error,
        replays=0,
        media=None,
        thumbnail=None,
        processing=None,
    )
