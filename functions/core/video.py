"""The record of a video: values only. `lifecycle/` has the rules for their changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.core.media import Media

MAX_ATTEMPTS = 5
"""Claims of one uploaded object: three deliveries of its event by Lambda, and two more by an
operator or by upkeep."""


class Status(StrEnum):
    """The status of a video. `DONE` and `FAILED` are finished."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        """Whether only a newer upload, a retry or a delete can move it."""
        return self in (Status.DONE, Status.FAILED)


class Visibility(StrEnum):
    """The callers to whom Clipo delivers a video's file and pictures."""

    PRIVATE = "private"
    """Callers with a credential that reaches the video."""
    PUBLIC = "public"
    """All callers, also without a credential."""


@dataclass(frozen=True, slots=True)
class ExpectedUpload:
    """The key and the time limit of a video's upload."""

    key: str
    expires_at: datetime
    """The end of the upload window."""
    part_size: int | None = None
    """The size in bytes of each part but the last; `None` in a record of release 0.1.

    The sizes of 0.1's uploads are not binding: it signed requests of any size up to the limit.
    """


@dataclass(frozen=True, slots=True)
class Source:
    """The uploaded object that a worker has claimed for processing."""

    etag: str
    size: int
    """The size in bytes."""
    sequencer: str
    """S3's order of the writes to one key, padded; empty if the storage sends none."""


@dataclass(frozen=True, slots=True)
class UploadedObject:
    """An upload as its event reports it, with the video that it belongs to."""

    video_id: str
    key: str
    source: Source


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right of one worker to finish a video, until it expires."""

    token: str
    until: datetime


class Fallback(StrEnum):
    """The reason why a thumbnail is not the frame at 10% of the duration."""

    START = "start"
    """The first frame: there is none at 10%, or the duration is unknown."""
    DARK = "dark"
    """A frame with more contrast: the one at 10% is nearly black or of one colour."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The published JPEG and the moment that it shows."""

    key: str
    width: int
    height: int
    at_s: float
    fallback: bool
    """Whether the thumbnail is not the frame at 10% of the duration."""
    fallback_reason: Fallback | None = None
    """The reason for the fallback; `None` in a record of release 0.1, which knew only `START`.

    A field of its own, because release 0.1 reads `fallback` as a boolean after a roll-back.
    """
    placeholder: str | None = None
    """The ThumbHash of the picture in base64; `None` in a record of release 0.1."""

    @property
    def shown_fallback(self) -> Fallback | None:
        """The reason for the fallback, as clients see it."""
        return self.fallback_reason or (Fallback.START if self.fallback else None)


@dataclass(frozen=True, slots=True)
class Processing:
    """The cost of the attempt that finished the video."""

    started_at: datetime
    finished_at: datetime
    wall_ms: int
    bytes_read: int
    requests: int
    release: str | None = None
    """The release of Clipo that made the result; `None` in a record of release 0.1."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a video failed: a stable code and a sentence for a person."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one result to one receiver, so far."""

    receiver: str
    """The id of the receiver."""
    due_at: datetime | None = None
    """The time of the next attempt; `None` after the last one."""
    attempts: int = 0
    last_status: int | None = None
    """The HTTP status of the latest attempt; `None` if there was no response."""
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook of one result, and the state of its deliveries together."""

    id: str
    """The id that all attempts for this result carry, so that a receiver can drop duplicates.

    Ids sort by the time at which they were made.
    """
    due_at: datetime | None = None
    """The time of the next attempt for any receiver; `None` after the last one."""
    attempts: int = 0
    """The most attempts that a receiver has had."""
    last_status: int | None = None
    """The HTTP status of the latest attempt; `None` if there was no response."""
    delivered_at: datetime | None = None
    """The time at which the last one of all receivers accepted it."""
    deliveries: tuple[Delivery, ...] = ()
    """One for each receiver; none before the first attempt, and in a record of release 0.1."""

    @property
    def has_receiver(self) -> bool:
        """Whether a receiver wants it, as far as that is known."""
        return self.due_at is not None or self.attempts > 0 or bool(self.deliveries)

    def delivery_to(self, receiver: str) -> Delivery | None:
        """Return the delivery to a receiver, or `None` if there is none."""
        return next((one for one in self.deliveries if one.receiver == receiver), None)


@dataclass(frozen=True, slots=True)
class Video:
    """One video's record in the catalog."""

    id: str
    filename: str
    content_type: str
    declared_size: int
    status: Status
    created_at: datetime
    updated_at: datetime
    upload: ExpectedUpload
    owner: str | None = None
    """The owner, which Clipo never changes; `None` if only callers for all owners reach the video.

    Records of release 0.1 have none.
    """
    visibility: Visibility = Visibility.PRIVATE
    """The callers who get the file and the pictures; `PRIVATE` in a record of release 0.1."""
    passthrough: str | None = None
    """The client's own text, stored and returned unchanged."""
    max_duration_s: int | None = None
    """The duration limit of the token that announced the video; `None` sets none."""
    charged: bool = True
    """Whether the video counts towards its owner's quota. Only a video without an object does not.

    A record of release 0.1 does.
    """
    version: int = 0
    """The number of changes to the record; 0 in a record of release 0.1."""
    claimable_at: datetime | None = None
    """The time from which an event may claim the video: the end of the lease while processing."""
    source: Source | None = None
    lease: Lease | None = None
    attempts: int = 0
    """The number of claims of `source`."""
    replacements: int = 0
    """The number of uploads that were claimed in the place of an earlier one."""
    replays: int = 0
    """The number of events that upkeep has sent since the last claim."""
    media: Media | None = None
    thumbnail: Thumbnail | None = None
    processing: Processing | None = None
    error: Failure | None = None
    remove_at: datetime | None = None
    """The time from which MongoDB removes the record; `None` unless its upload has expired."""
    traceparent: str | None = None
    """The step of a trace that announced the video, as `trace.py` writes it.

    `None` in a record of release 0.1.
    """
    webhook: Webhook | None = None
    """The webhook of this result; `None` without a result, and if webhooks are off."""

    @property
    def awaits_upload(self) -> bool:
        """Whether the video is pending, and no worker has ever seen a file of it."""
        return self.status is Status.PENDING and self.source is None

    @property
    def has_result(self) -> bool:
        """Whether media and thumbnail are those of `source`: when done, and while reprocessed."""
        return self.media is not None and self.thumbnail is not None

    def accepts_size(self, size: int) -> bool:
        """Tell whether an upload may have this size: only the declared one."""
        return self.upload.part_size is None or size == self.declared_size

    @property
    def size(self) -> int:
        """The size in bytes: as stored, or as declared until the upload arrives."""
        return self.source.size if self.source else self.declared_size


@dataclass(frozen=True, slots=True)
class DeletedVideo:
    """The tombstone of a video that was deleted. Only it allows Clipo to remove the objects."""

    id: str
    deleted_at: datetime
    expires_at: datetime
    owner: str | None = None
    """The owner of the video."""
    purge: bool = False
    """Whether the storage shall keep no older version of the file."""
