"""A video, its statuses, and the rules by which it moves between them.

`catalog.py` carries these rules out as atomic updates; nothing else moves a status.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MAX_ATTEMPTS = 5
"""Claims of one uploaded object before it is given up: three deliveries of the event by Lambda,
and two more by a person or a clean-up."""

LEASE_GRACE = timedelta(seconds=30)
"""Added to a worker's own deadline, so that a lease never lapses under a living worker."""

UPLOAD_GRACE = timedelta(minutes=15)
"""After the end of its upload window a video should have been claimed, or never will be."""

LAPSE_GRACE = timedelta(seconds=60)
"""After the end of a lease its worker is dead, whatever the clocks say."""

REPLAY_PATIENCE = timedelta(minutes=15)
"""For an event that was sent to be delivered: it may wait behind others."""

MAX_REPLAYS = 5
"""Events sent by the clean-up for one video without any of them being claimed."""

WEBHOOK_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=6),
)
"""From each attempt to tell the receiver to the next one: what Standard Webhooks recommends, until
a day is over. The first attempt is made at once."""

DELIVERY_TIME = timedelta(minutes=2)
"""An attempt to tell the receiver that has not been recorded by then was ended from outside."""

_ACCEPTED = range(200, 300)
"""Statuses by which a receiver says that it has taken note. A redirect is none of them."""


class Status(StrEnum):
    """Where a video is. Finished is `DONE` or `FAILED`."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        """Whether only a newer upload, a retry or a delete can move it."""
        return self in (Status.DONE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class ExpectedUpload:
    """The object that a video waits for."""

    key: str
    expires_at: datetime
    """When the upload window ends."""


@dataclass(frozen=True, slots=True)
class Source:
    """The stored object that is, or was, processed."""

    etag: str
    size: int
    """Bytes."""
    sequencer: str
    """S3's order of the writes to one key, padded; empty where the store sends none."""


@dataclass(frozen=True, slots=True)
class UploadedObject:
    """What an event says was uploaded, and for which video."""

    video_id: str
    key: str
    source: Source


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one worker to finish a video, until a moment."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Media:
    """What was found in the file. `None` is: the file does not say."""

    container: str
    duration_s: float | None
    width: int
    """Display pixels: after rotation and pixel aspect."""
    height: int
    rotation: int
    """Degrees clockwise by which a player turns the coded picture: 0, 90, 180 or 270."""
    frame_rate: float | None
    video_codec: str
    audio_codec: str | None
    bit_rate: int | None
    """Bits a second, of the whole file."""
    has_audio: bool

    @property
    def duration(self) -> str | None:
        """The duration as the ancestor wrote it: HH:MM:SS, rounded to the second."""
        if self.duration_s is None:
            return None
        minutes, seconds = divmod(round(self.duration_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{seconds:02}"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The published JPEG and the moment that it shows."""

    key: str
    width: int
    height: int
    at_s: float
    fallback: bool
    """True when there was no frame at 10% and the first one was taken."""


@dataclass(frozen=True, slots=True)
class Processing:
    """What the attempt cost that finished the video."""

    started_at: datetime
    finished_at: datetime
    wall_ms: int
    bytes_read: int
    requests: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a video failed: a stable code and a sentence for a person."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Webhook:
    """How far the operator's receiver has been told that a video is finished."""

    id: str
    """Of this finish: all attempts carry it, so that the receiver can drop duplicates."""
    due_at: datetime | None = None
    """When the next attempt may be made; `None` when there is to be no other."""
    attempts: int = 0
    last_status: int | None = None
    """Of HTTP; `None` when there was no answer."""
    delivered_at: datetime | None = None

    @property
    def exhausted(self) -> bool:
        """Whether all attempts are used up."""
        return self.attempts > len(WEBHOOK_DELAYS)

    def begun(self, *, now: datetime) -> "Webhook":
        """Count an attempt. Recorded before it is made: of runs that overlap only one makes it."""
        return replace(self, attempts=self.attempts + 1, due_at=now + DELIVERY_TIME)

    def answered(self, status: int | None, *, now: datetime) -> "Webhook":
        """Note what came of an attempt, and when the next one is due, if there is to be any."""
        if status in _ACCEPTED:
            return replace(self, due_at=None, last_status=status, delivered_at=now)
        due_at = None if self.exhausted else now + WEBHOOK_DELAYS[self.attempts - 1]
        return replace(self, due_at=due_at, last_status=status)

    def given_up(self) -> "Webhook":
        """Note that there will be no other attempt."""
        return replace(self, due_at=None)


@dataclass(frozen=True, slots=True)
class Video:
    """One record of the catalog."""

    id: str
    filename: str
    content_type: str
    declared_size: int
    status: Status
    created_at: datetime
    updated_at: datetime
    upload: ExpectedUpload
    passthrough: str | None = None
    """The client's own note: stored and returned unchanged."""
    source: Source | None = None
    lease: Lease | None = None
    attempts: int = 0
    """Claims of `source`."""
    replays: int = 0
    """Events sent by the clean-up since the last claim."""
    media: Media | None = None
    thumbnail: Thumbnail | None = None
    processing: Processing | None = None
    error: Failure | None = None
    webhook: Webhook | None = None
    """Of the present finish; `None` before it, and where nobody wants to be told."""

    @property
    def size(self) -> int:
        """Bytes: the stored object's, or the declared ones until there is one."""
        return self.source.size if self.source else self.declared_size


class Refusal(StrEnum):
    """Why an event got no claim on its video."""

    UNKNOWN = "unknown"
    """There is no such video (deleted, or never ours)."""
    DUPLICATE = "duplicate"
    """This object has been processed to the end."""
    SUPERSEDED = "superseded"
    """A newer upload of the same video has been claimed."""
    BUSY = "busy"
    """Another worker holds a live lease: come back later."""
    EXHAUSTED = "exhausted"
    """All attempts are used up."""


def refusal(video: Video | None, event: UploadedObject) -> Refusal:
    """Say why the claim of `event` on `video` did not match."""
    if video is None or video.upload.key != event.key:
        return Refusal.UNKNOWN
    if video.source and event.source.sequencer < video.source.sequencer:
        return Refusal.SUPERSEDED
    if video.status.finished:
        return Refusal.DUPLICATE
    if video.attempts >= MAX_ATTEMPTS:
        return Refusal.EXHAUSTED
    return Refusal.BUSY


def starts_again(video: Video, event: UploadedObject) -> bool:
    """Tell whether an event is a reason to process a finished video once more.

    What is done is not done again for the same bytes: the event that was thought to be lost comes
    after the one that stood in for it (ADR 15). Where the order is not known, this is a guess: the
    stored object tells whether the event is still about it.
    """
    if not video.status.finished or video.upload.key != event.key:
        return False
    if video.source is None:
        return True
    other_bytes = event.source.etag != video.source.etag
    return _is_newer(event.source, video.source) and (
        other_bytes or video.status is not Status.DONE
    )


def found_upload(video: Video, found: Source) -> UploadedObject:
    """Return the event that stands in for S3's own, for an object that was found by looking.

    It takes the place of what was claimed before in S3's order of writes: S3's own event of a
    newer upload still wins against it, and one of an older upload still loses.
    """
    sequencer = video.source.sequencer if video.source else ""
    return UploadedObject(video.id, video.upload.key, replace(found, sequencer=sequencer))


def event_may_come(video: Video, *, now: datetime) -> bool:
    """Tell whether an event that was sent for an unfinished video may still be on its way.

    A pending video was last changed when it was announced, retried or replayed. Each event gets
    twice the time of the one before, more than 7 hours in all: Lambda keeps an event that waits for
    a free worker for 6.
    """
    sent = video.status is Status.PENDING or video.replays > 0
    return sent and now - video.updated_at < REPLAY_PATIENCE * 2 ** max(video.replays - 1, 0)


def is_abandoned(video: Video, event: UploadedObject, *, failed_at: datetime) -> bool:
    """Tell whether nobody is at a video any more, now that `event` has failed for the last time.

    Somebody is who holds a live lease, and who has claimed, retried or replayed it since; and a
    newer upload has an event of its own.
    """
    if video.status.finished or video.updated_at > failed_at:
        return False
    if video.lease and video.lease.until > failed_at:
        return False
    return video.source is None or not _is_newer(video.source, event.source)


def _is_newer(one: Source, other: Source) -> bool:
    if one.sequencer and other.sequencer:
        return one.sequencer > other.sequencer
    return one.etag != other.etag
