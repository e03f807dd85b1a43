"""A worker's attempt at a video, from the claim of the lease to its end."""

from dataclasses import replace
from datetime import datetime, timedelta

from functions.core.failures import SIZE_MISMATCH, SOURCE_GONE, TOO_LARGE, TOO_LONG, UPLOAD_EXPIRED
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.media import Media
from functions.core.video import (
    MAX_ATTEMPTS,
    Failure,
    Lease,
    Processing,
    Source,
    Status,
    Thumbnail,
    UploadedObject,
    Video,
    Webhook,
)

MAX_REPLACEMENTS = 3
"""The number of uploads of one video that Clipo processes in the place of the first.

Each signature can be used again until it expires: this limits the cost of that.
"""

LEASE_GRACE = timedelta(seconds=30)
"""The time by which a worker's lease outlasts its function's deadline."""

_OBJECT_REMOVED = {cause.code for cause in (SIZE_MISMATCH, TOO_LARGE, TOO_LONG)}
"""The causes of failure for which Clipo removes the uploaded object: no retry can use it."""

_OBJECT_GONE = {cause.code for cause in (SOURCE_GONE, UPLOAD_EXPIRED)}
"""The causes of failure of a video without an object."""


def claim(video: Video | None, event: UploadedObject, lease: Lease, *, now: datetime) -> Move:
    """Give the lease on the event's video to a worker.

    A newer upload of other bytes claims a video at any time. The same bytes claim an unfinished one
    once its lease has expired and while attempts are left, and a failed one if a client uploaded
    them again. The same bytes never claim a done video (ADR 15). `MAX_REPLACEMENTS` limits the
    uploads that follow the first.
    """
    if video is None or video.upload.key != event.key:
        return Refusal.UNKNOWN
    claimed = video.source
    if claimed is None:
        return _claimed(video, event, lease, now, attempts=1)
    if _is_newer_upload(event.source, claimed):
        return _claimed_instead(video, event, lease, now)
    if _is_older(event.source, claimed):
        return Refusal.SUPERSEDED
    if video.status is Status.FAILED and event.source.sequencer > claimed.sequencer:
        return _claimed_instead(video, event, lease, now)
    refusal = _why_not_again(video, now)
    return refusal or _claimed(video, event, lease, now, attempts=video.attempts + 1)


def _claimed_instead(video: Video, event: UploadedObject, lease: Lease, now: datetime) -> Move:
    """Claim a video for an upload that replaces the claimed one.

    Beyond the limit a finished video keeps its result. Upkeep's event finishes an unfinished one
    with the upload that is then stored.
    """
    if video.replacements >= MAX_REPLACEMENTS:
        return Refusal.REPLACED_TOO_OFTEN
    counted = replace(video, replacements=video.replacements + 1)
    return _claimed(counted, event, lease, now, attempts=1)


def _why_not_again(video: Video, now: datetime) -> Refusal | None:
    """Return why the same upload cannot be claimed once more."""
    if video.status.finished:
        return Refusal.DUPLICATE
    if video.attempts >= MAX_ATTEMPTS:
        return Refusal.EXHAUSTED
    if video.claimable_at is None or video.claimable_at > now:
        return Refusal.BUSY
    return None


def _claimed(
    video: Video, event: UploadedObject, lease: Lease, now: datetime, *, attempts: int
) -> Video:
    source = event.source
    if not source.sequencer and video.source:
        # An event without a sequencer does not erase the order that is known.
        source = replace(source, sequencer=video.source.sequencer)
    same_bytes = video.source is not None and video.source.etag == source.etag
    return replace(
        video,
        status=Status.PROCESSING,
        # Metadata of other bytes is not a result of these. The end of this attempt also removes
        # the thumbnail of the other bytes.
        media=video.media if same_bytes else None,
        source=source,
        lease=lease,
        claimable_at=lease.until,
        charged=True,
        attempts=attempts,
        replays=0,
        error=None,
        remove_at=None,
        webhook=None,
        updated_at=now,
    )


def _is_newer_upload(one: Source, claimed: Source) -> bool:
    """Tell whether these are other bytes than the claimed ones, written later.

    The same bytes are the same upload: upkeep's event has no order, and S3's own may follow it.
    """
    return one.etag != claimed.etag and is_later(one, claimed)


def is_later(one: Source, other: Source) -> bool:
    """Tell whether S3 wrote one after the other; without its order, other bytes count as later."""
    if one.sequencer and other.sequencer:
        return one.sequencer > other.sequencer
    return one.etag != other.etag


def _is_older(one: Source, claimed: Source) -> bool:
    return bool(one.sequencer) and one.sequencer < claimed.sequencer


def learn_order(video: Video, event: UploadedObject) -> Video:
    """Store the sequencer of a refused event of the claimed bytes, if it is later.

    Clipo then recognizes events of earlier writes as those of older uploads.
    """
    source = video.source
    if source is None or source.etag != event.source.etag:
        return video
    if event.source.sequencer <= source.sequencer:
        return video
    return replace(video, source=replace(source, sequencer=event.source.sequencer))


def needs_current_object(seen: Video, event: UploadedObject, claimed: Move) -> bool:
    """Tell whether a claim counts only if the bucket still has the event's object.

    A finished video changes for the newest upload only. An event without a sequencer does not say
    whether a newer upload has replaced its object.
    """
    return not event.source.sequencer or (seen.status.finished and isinstance(claimed, Video))


def complete(
    video: Video,
    lease: Lease,
    *,
    media: Media,
    thumbnail: Thumbnail,
    processing: Processing,
    webhook: Webhook | None,
) -> Move:
    """Move to done, if the worker still holds its lease, or has done so with this very thumbnail.

    MongoDB's driver repeats a write whose answer was lost, and the repetition finds the record
    changed by the first one unless the database recognises it.
    """
    if video.status is Status.DONE and video.thumbnail == thumbnail:
        return video
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
    """Move to failed, if the worker still holds its lease.

    A reprocessed video moves back to done and keeps its earlier result.
    """
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return failed(video, error, processing, webhook, processing.finished_at)


def release(video: Video, lease: Lease, *, now: datetime) -> Move:
    """End the lease now, so that the next event can claim the video.

    The lease also loses its token: a delayed request of this worker then changes nothing.
    """
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return replace(video, lease=Lease(token="", until=now), claimable_at=now, updated_at=now)


def _holds(video: Video, lease: Lease) -> bool:
    held = video.lease
    return video.status is Status.PROCESSING and held is not None and held.token == lease.token


def removes_object(video: Video, code: str) -> bool:
    """Tell whether a failure removes the uploaded object. A video with a result keeps it."""
    return code in _OBJECT_REMOVED and not video.has_result


def failed(
    video: Video,
    error: Failure,
    processing: Processing | None,
    webhook: Webhook | None,
    now: datetime,
) -> Video:
    """Return a video as failed, or as done if it keeps an earlier result."""
    if removes_object(video, error.code) or error.code in _OBJECT_GONE:
        video = replace(video, charged=False)
    if video.has_result:
        return _finished(video, Status.DONE, webhook, now)
    return replace(
        _finished(video, Status.FAILED, webhook, now),
        media=None,
        thumbnail=None,
        processing=processing,
        error=error,
    )


def _finished(video: Video, status: Status, webhook: Webhook | None, now: datetime) -> Video:
    return replace(
        video, status=status, lease=None, claimable_at=None, webhook=webhook, updated_at=now
    )
