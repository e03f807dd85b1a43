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

    A newer upload of other bytes claims a video at any time. The same bytes claim an unfinished one
    once its lease has lapsed and while attempts are left, and a failed one if they were written
    again. A done one stays done for the same bytes (ADR 15).
    """
    if video is None or video.upload.key != event.key:
        return Refusal.UNKNOWN
    claimed = video.source
    if claimed is None or _is_newer_upload(event.source, claimed):
        return _claimed(video, event, lease, now, attempts=1)
    if _is_older(event.source, claimed):
        return Refusal.SUPERSEDED
    if video.status is Status.FAILED and event.source.sequencer > claimed.sequencer:
        return _claimed(video, event, lease, now, attempts=1)
    if video.status.finished:
        return Refusal.DUPLICATE
    if video.attempts >= MAX_ATTEMPTS:
        return Refusal.EXHAUSTED
    if video.claimable_at is None or video.claimable_at > now:
        return Refusal.BUSY
    return _claimed(video, event, lease, now, attempts=video.attempts + 1)


def learn_order(video: Video, event: UploadedObject) -> Video:
    """Remember that the claimed bytes were written as late as this refused event says.

    Clipo then recognizes an event of a write before it as an older upload's.
    """
    source = video.source
    if source is None or source.etag != event.source.etag:
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


def _is_newer_upload(one: Source, claimed: Source) -> bool:
    """Tell whether these are other bytes than the claimed ones, and not older.

    S3's order decides where it is known of both; else other bytes count as newer. The same bytes are
    the same upload: upkeep's event has no order, and S3's own may follow it.
    """
    return one.etag != claimed.etag and not _is_older(one, claimed)


def _is_older(one: Source, claimed: Source) -> bool:
    return bool(one.sequencer) and one.sequencer < claimed.sequencer


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
