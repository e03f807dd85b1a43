"""The life of a video: every way in which its record may change.

Each function takes a record and returns the changed record, or the `Refusal` that says why it may
not change. No function here reads a clock, a database or a queue. `Catalog.save` writes the
returned record only if the stored one is still as it was read.

    pending -> processing -> done | failed
    failed -> pending (retry)        done -> pending (reprocess)
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.core.failures import (
    ATTEMPTS_EXHAUSTED,
    RETRIES_EXHAUSTED,
    SIZE_MISMATCH,
    SOURCE_GONE,
    TOO_LARGE,
    TOO_LONG,
    UPLOAD_EXPIRED,
)
from functions.core.keys import source_key
from functions.core.parts import part_size
from functions.core.video import (
    MAX_ATTEMPTS,
    Delivery,
    ExpectedUpload,
    Failure,
    Lease,
    Media,
    Processing,
    Source,
    Status,
    Thumbnail,
    UploadedObject,
    Video,
    Visibility,
    Webhook,
)

MAX_REPLAYS = 5
"""The number of events that upkeep sends for one video while no worker claims it."""

MAX_REPLAYS_AWAITED = 100
"""The number of events of upkeep, and of retries of many videos, that may await a worker at a time.
While processing is throttled, all events wait, and these add no more than that (ADR 38, ADR 58)."""

MAX_REPLACEMENTS = 3
"""The number of uploads of one video that Clipo processes in the place of the first.

Each signature can be used again until it expires: this limits the cost of that.
"""

UPLOAD_WINDOW = timedelta(minutes=15)
"""The validity of a signed upload request, and the time that Clipo waits for the upload."""

UPLOAD_GRACE = timedelta(minutes=15)
"""The time after the upload window in which the event of a pending video may still arrive."""

EXPIRED_KEPT = timedelta(days=7)
"""The time for which Clipo keeps the record of an announcement whose upload never arrived."""

LEASE_GRACE = timedelta(seconds=30)
"""The time by which a worker's lease outlasts its function's deadline."""

LAPSE_GRACE = timedelta(seconds=60)
"""The time that upkeep waits after the end of a lease, because two machines' clocks differ."""

REPLAY_PATIENCE = timedelta(minutes=15)
"""The time that upkeep waits for a re-sent event before it sends another; doubled each time."""

LOOK_SHARE = 8
"""The part of the time that a video has waited for its upload after which a worker without events
looks again: an eighth. It looks often for a small file, and seldom for one that may never come."""

SOONEST_LOOK, LATEST_LOOK = timedelta(seconds=0.5), timedelta(minutes=1)
"""The limits of the time between two looks."""

RETRY_DELAY = timedelta(seconds=30)
"""The time after which a worker without events repeats a failed attempt; doubled each time. All
attempts together outlast an outage of 7 minutes."""

WEBHOOK_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=6),
)
"""The times between delivery attempts: the schedule of Standard Webhooks, for one day. Clipo makes
the first attempt at once."""

DELIVERY_TIME = timedelta(minutes=2)
"""The time after which Clipo counts a delivery attempt as interrupted."""

SETTINGS_RECEIVER = "settings"
"""The id of the receiver that the settings name. All others have records."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""The longest time by which a receiver can postpone the next delivery attempt."""

CLOCK_SKEW = timedelta(seconds=2)
"""The tolerated difference between the clocks of processing and webhooks: processing sets the due
time of the first delivery attempt."""

_OBJECT_REMOVED = {cause.code for cause in (SIZE_MISMATCH, TOO_LARGE, TOO_LONG)}
"""The causes of failure for which Clipo removes the uploaded object: no retry can use it."""

_OBJECT_GONE = {cause.code for cause in (SOURCE_GONE, UPLOAD_EXPIRED)}
"""The causes of failure of a video without an object."""

_GONE = 410
"""The HTTP status with which a receiver asks for no further attempts."""

_ACCEPTED = range(200, 300)
"""The HTTP statuses with which a receiver accepts a webhook. A redirect is not one of them."""


class Refusal(StrEnum):
    """The reason why a record may not change."""

    UNKNOWN = "unknown"
    """The catalog has no such video, for example because it was deleted."""
    DUPLICATE = "duplicate"
    """A worker has already finished processing this object."""
    SUPERSEDED = "superseded"
    """A newer upload of the same video has been claimed, or another worker holds the lease."""
    BUSY = "busy"
    """Another worker holds a lease that has not expired, or has just looked for the upload: the
    caller can retry later."""
    EXHAUSTED = "exhausted"
    """All attempts are used up."""
    REPLACED_TOO_OFTEN = "replaced_too_often"
    """The video has had `MAX_REPLACEMENTS` other uploads, and Clipo processes no further one."""
    NOT_PENDING = "not_pending"
    """Only the first upload of a pending video can be extended."""
    NOT_FAILED = "not_failed"
    """Only a failed video can be retried."""
    NOT_DONE = "not_done"
    """Only a done video can be reprocessed."""
    ANOTHER_ATTEMPT = "another_attempt"
    """Another run has made a delivery attempt since, or the webhook belongs to another result."""


Move = Video | Refusal
"""The changed record, or the reason why it may not change."""


# ---- The upload --------------------------------------------------------------------------------


def announce(
    video_id: str,
    *,
    filename: str,
    content_type: str,
    size: int,
    passthrough: str | None,
    owner: str | None,
    visibility: Visibility,
    max_duration_s: int | None = None,
    traceparent: str | None = None,
    now: datetime,
) -> Video:
    """Return the record of a new video, which waits for its upload."""
    return Video(
        id=video_id,
        filename=filename,
        content_type=content_type,
        declared_size=size,
        owner=owner,
        visibility=visibility,
        passthrough=passthrough,
        max_duration_s=max_duration_s,
        traceparent=traceparent,
        status=Status.PENDING,
        created_at=now,
        updated_at=now,
        upload=ExpectedUpload(
            key=source_key(video_id), expires_at=now + UPLOAD_WINDOW, part_size=part_size(size)
        ),
        version=1,
        claimable_at=now,
    )


def extend_upload(video: Video, *, now: datetime) -> Move:
    """Restart the upload window.

    The same record comes back while more than half of its window is left, so that a client that
    signs many parts at once does not compete with itself. The window and `UPLOAD_GRACE` together
    outlast every signature. A reprocessed video has its file, which no upload may replace.
    """
    if video.status is not Status.PENDING or video.has_result:
        return Refusal.NOT_PENDING
    if video.upload.expires_at - now > UPLOAD_WINDOW / 2:
        return video
    return replace(video, upload=replace(video.upload, expires_at=now + UPLOAD_WINDOW))


def may_discard(video: Video) -> bool:
    """Tell whether a video still waits for its first event: its record can then be removed.

    A retried or reprocessed video is pending, too, but has a source.
    """
    return video.status is Status.PENDING and video.source is None


def await_upload_again(video: Video, *, now: datetime) -> Move:
    """Retry a video whose upload did not arrive in time. Any other video stays as it is."""
    if video.error is None or video.error.code != UPLOAD_EXPIRED.code:
        return video
    return retry(video, now=now)


# ---- A worker ----------------------------------------------------------------------------------


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
    return _failed(video, error, processing, webhook, processing.finished_at)


def release(video: Video, lease: Lease, *, now: datetime) -> Move:
    """End the lease now, so that the next event can claim the video.

    The lease also loses its token: a delayed request of this worker then changes nothing.
    """
    if not _holds(video, lease):
        return Refusal.SUPERSEDED
    return replace(video, lease=Lease(token="", until=now), claimable_at=now, updated_at=now)


def needs_current_object(seen: Video, event: UploadedObject, claimed: Move) -> bool:
    """Tell whether a claim counts only if the bucket still has the event's object.

    A finished video changes for the newest upload only. An event without a sequencer does not say
    whether a newer upload has replaced its object.
    """
    return not event.source.sequencer or (seen.status.finished and isinstance(claimed, Video))


def _holds(video: Video, lease: Lease) -> bool:
    held = video.lease
    return video.status is Status.PROCESSING and held is not None and held.token == lease.token


def removes_object(video: Video, code: str) -> bool:
    """Tell whether a failure removes the uploaded object. A video with a result keeps it."""
    return code in _OBJECT_REMOVED and not video.has_result


def _failed(
    video: Video,
    error: Failure,
    processing: Processing | None,
    webhook: Webhook | None,
    now: datetime,
) -> Video:
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


def _expired(failed: Video, now: datetime) -> Video:
    """Have a record removed later if it has neither an uploaded object nor a result."""
    expired = failed.error is not None and failed.error.code == UPLOAD_EXPIRED.code
    never_uploaded = expired and failed.source is None and not failed.has_result
    return replace(failed, remove_at=now + EXPIRED_KEPT) if never_uploaded else failed


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
    return one.etag != claimed.etag and _is_later(one, claimed)


def _is_later(one: Source, other: Source) -> bool:
    """Tell whether S3 wrote one after the other; without its order, other bytes count as later."""
    if one.sequencer and other.sequencer:
        return one.sequencer > other.sequencer
    return one.etag != other.etag


def _is_older(one: Source, claimed: Source) -> bool:
    return bool(one.sequencer) and one.sequencer < claimed.sequencer


# ---- A worker without events (ADR 60) ----------------------------------------------------------


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


# ---- People and upkeep -------------------------------------------------------------------------


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


def set_visibility(video: Video, visibility: Visibility) -> Video:
    """Make a video public or private, whatever its status.

    `updated_at` stays, because upkeep and webhooks take it for the time of the last step of the
    upload or of processing.
    """
    return replace(video, visibility=visibility)


def is_replaced(video: Video, found: Source) -> bool:
    """Tell whether the stored file is not the one that the video's result was made of.

    After `MAX_REPLACEMENTS` the storage has another file. To process it would remove the result.
    """
    result_of = video.source if video.has_result else None
    return result_of is not None and result_of.etag != found.etag


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


def found_upload(video: Video, found: Source) -> UploadedObject:
    """Return an event for a stored object whose own event was lost.

    The event has the sequencer of the claimed upload. S3's event of a newer upload still precedes
    it, and one of an older upload is still refused.
    """
    sequencer = video.source.sequencer if video.source else ""
    return UploadedObject(video.id, video.upload.key, replace(found, sequencer=sequencer))


def is_abandoned(video: Video, event: UploadedObject, *, failed_at: datetime) -> bool:
    """Tell whether no worker will finish a video whose `event` has failed for the last time.

    A worker may still finish a video that has a live lease, or that was claimed, retried or
    replayed since. A newer upload has its own event.
    """
    if video.status.finished or video.updated_at > failed_at:
        return False
    if video.lease and video.lease.until > failed_at:
        return False
    return video.source is None or not _is_later(video.source, event.source)


def replay(video: Video, *, now: datetime) -> Video:
    """Count an event that Clipo is about to send by itself: for a stuck video, or one of many."""
    return replace(video, replays=video.replays + 1, updated_at=now)


def fail_stuck(video: Video, *, error: Failure, webhook: Webhook | None, now: datetime) -> Video:
    """Move a video that no worker finishes to failed, or a reprocessed one back to done.

    MongoDB removes the record of an expired upload after `EXPIRED_KEPT`, unless a late upload, a
    retry or a repeated announcement moves the video before.
    """
    return _expired(replace(_failed(video, error, None, webhook, now), replays=0), now)


# ---- The webhook -------------------------------------------------------------------------------


def is_due(one: Webhook | Delivery, *, now: datetime) -> bool:
    """Tell whether a delivery attempt may be made now."""
    return one.due_at is not None and one.due_at <= now + CLOCK_SKEW


def begin_delivery(
    video: Video, receiver: str, *, wanted_by: Collection[str], now: datetime
) -> Move:
    """Count a delivery attempt to a receiver, if one is due.

    The caller saves it first, so that only one run makes it. `wanted_by` has the receivers that
    want this result: the first attempt to any of them plans the deliveries to all. A receiver that
    was removed or does not want the result any more gets no further attempt.
    """
    webhook = video.webhook
    if webhook is None or not is_due(webhook, now=now):
        return Refusal.ANOTHER_ATTEMPT
    planned = webhook.deliveries or _planned(webhook, wanted_by)
    deliveries = [one for one in planned if one.receiver in wanted_by or one.due_at is None]
    begun = (
        _begun(one, now) if one.receiver == receiver and is_due(one, now=now) else one
        for one in deliveries
    )
    return replace(video, webhook=_with_deliveries(webhook, tuple(begun)))


def has_begun(webhook: Webhook, receiver: str, *, now: datetime) -> bool:
    """Tell whether `begin_delivery` has counted an attempt to a receiver at this moment."""
    delivery = webhook.delivery_to(receiver)
    return delivery is not None and delivery.due_at == now + DELIVERY_TIME


def _planned(webhook: Webhook, wanted_by: Collection[str]) -> tuple[Delivery, ...]:
    """Return the deliveries of a result to all receivers that want it.

    A record of release 0.1 may have had attempts: they were for the receiver of the settings.
    """
    return tuple(
        Delivery(
            receiver,
            due_at=webhook.due_at,
            attempts=webhook.attempts if receiver == SETTINGS_RECEIVER else 0,
        )
        for receiver in wanted_by
    )


def _begun(delivery: Delivery, now: datetime) -> Delivery:
    if deliveries_exhausted(delivery):
        # The last attempt was interrupted.
        return replace(delivery, due_at=None)
    return replace(delivery, attempts=delivery.attempts + 1, due_at=now + DELIVERY_TIME)


def _with_deliveries(webhook: Webhook, deliveries: tuple[Delivery, ...]) -> Webhook:
    delivered = [one.delivered_at for one in deliveries if one.delivered_at]
    return replace(
        webhook,
        due_at=min((one.due_at for one in deliveries if one.due_at), default=None),
        attempts=max((one.attempts for one in deliveries), default=0),
        delivered_at=max(delivered) if delivered and len(delivered) == len(deliveries) else None,
        deliveries=deliveries,
    )


def is_accepted(status: int | None) -> bool:
    """Tell whether a receiver accepts a webhook by this HTTP status; `None` is no response."""
    return status in _ACCEPTED


def after_answer(
    begun: Delivery, status: int | None, *, now: datetime, retry_after: timedelta = timedelta()
) -> Delivery:
    """Return a delivery after an attempt, with the due time of the next one if there is one.

    `status` is the HTTP status, `None` if there was no response. `retry_after` is the shortest wait
    that the receiver asks for.
    """
    if is_accepted(status):
        return replace(begun, due_at=None, last_status=status, delivered_at=now)
    if status == _GONE or deliveries_exhausted(begun):
        return replace(begun, due_at=None, last_status=status)
    delay = max(WEBHOOK_DELAYS[begun.attempts - 1], min(retry_after, LONGEST_RETRY_AFTER))
    return replace(begun, due_at=now + delay, last_status=status)


def end_delivery(video: Video, webhook_id: str, begun: Delivery, after: Delivery) -> Move:
    """Record the result of a delivery attempt."""
    webhook = video.webhook
    if webhook is None or webhook.id != webhook_id:
        return Refusal.ANOTHER_ATTEMPT
    held = webhook.delivery_to(begun.receiver)
    if held is None or held.attempts != begun.attempts:
        return Refusal.ANOTHER_ATTEMPT
    ended = _with_deliveries(webhook, _replaced(webhook, after))
    return replace(video, webhook=replace(ended, last_status=after.last_status))


def deliver_again(video: Video, webhook_id: str, receiver: str, *, now: datetime) -> Move:
    """Make a delivery of the present result due now, with all attempts available again."""
    webhook = video.webhook
    if webhook is None or webhook.id != webhook_id:
        return Refusal.SUPERSEDED
    if webhook.delivery_to(receiver) is None:
        return Refusal.UNKNOWN
    again = _replaced(webhook, Delivery(receiver, due_at=now))
    return replace(video, webhook=_with_deliveries(webhook, again))


def _replaced(webhook: Webhook, delivery: Delivery) -> tuple[Delivery, ...]:
    return tuple(
        delivery if one.receiver == delivery.receiver else one for one in webhook.deliveries
    )


def deliveries_exhausted(delivery: Delivery) -> bool:
    """Tell whether all delivery attempts are used up."""
    return delivery.attempts > len(WEBHOOK_DELAYS)
