"""A video and what belongs to it: values only. `lifecycle.py` has the rules for their changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_ATTEMPTS = 5
"""Claims of one uploaded object: three deliveries of its event by Lambda, and two more by an
operator or by upkeep."""


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


class MediaWarning(StrEnum):
    """A fault of a file that can be played nevertheless."""

    TRUNCATED = "truncated"
    """The end of the file is missing."""
    DOLBY_VISION_5 = "dolby_vision_5"
    """The colours are Dolby Vision's own, and the thumbnail is grey."""


class Fallback(StrEnum):
    """Why a thumbnail is not the frame at 10% of the duration."""

    START = "start"
    """The first frame: there is none at 10%, or the duration is unknown."""
    DARK = "dark"
    """A later frame: the one at 10% is nearly black or of one colour."""


@dataclass(frozen=True, slots=True)
class Media:
    """The content of the file. `None` means that the file does not say."""

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
    warnings: tuple[MediaWarning, ...] = ()
    """Faults of a file that can be played nevertheless."""

    @property
    def duration(self) -> str | None:
        """The duration as the legacy endpoint shows it: HH:MM:SS, rounded to the second."""
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
    """Whether it is not the frame at 10% of the duration."""
    fallback_reason: Fallback | None = None
    """Why it is not; `None` for a record of release 0.1, which knew only `START`.

    A field of its own, because release 0.1 reads `fallback` as a boolean after a roll-back.
    """

    @property
    def shown_fallback(self) -> Fallback | None:
        """Why it is not the frame at 10%, as clients see it."""
        return self.fallback_reason or (Fallback.START if self.fallback else None)


@dataclass(frozen=True, slots=True)
class Processing:
    """What the attempt cost that finished the video."""

    started_at: datetime
    finished_at: datetime
    wall_ms: int
    bytes_read: int
    requests: int
    release: str | None = None
    """The release of Clipo that made the result; `None` for 0.1."""


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
    version: int = 0
    """How often the record has changed; 0 for one that release 0.1 wrote."""
    claimable_at: datetime | None = None
    """When an event may claim it: at once while pending, after the lease while processing."""
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
    """The webhook of this result; `None` before there is one, and if webhooks are off."""

    @property
    def has_result(self) -> bool:
        """Whether media and thumbnail are those of `source`: when done, and while reprocessed."""
        return self.media is not None and self.thumbnail is not None

    @property
    def size(self) -> int:
        """Bytes: the stored object's, or the declared ones until there is one."""
        return self.source.size if self.source else self.declared_size
