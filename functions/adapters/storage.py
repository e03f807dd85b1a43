"""Object storage, as the functions use it. `signed/storage.py` and `sdk/storage.py` are S3."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Literal, Protocol

from functions.adapters.telemetry import logger
from functions.core.unavailable import StorageUnavailable
from functions.core.video import DeletedVideo, Source

READ_BYTES = 64 << 10
"""The size of each piece of an upload that is read, except for the last."""

LARGEST_PICTURE = 4_000_000
"""The size up to which pictures are read. A Lambda answers 6 MB at most, in base64."""


class ObjectGone(Exception):
    """There is no object at this key any more."""


class SourceReplaced(Exception):
    """Another upload has overwritten the object since the event."""


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A form that a browser can post to object storage."""

    url: str
    fields: Mapping[str, str]


class MultipartStep(StrEnum):
    """A step of an upload in parts, by S3's name for it."""

    CREATE = "create_multipart_upload"
    PART = "upload_part"
    LIST = "list_parts"
    COMPLETE = "complete_multipart_upload"
    ABORT = "abort_multipart_upload"


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A stored picture."""

    key: str
    etag: str
    """The strong ETag of its bytes, with quotation marks."""
    content: bytes | None
    """The bytes; `None` if they are more than `LARGEST_PICTURE`."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a listing."""

    bucket: str
    key: str
    modified_at: datetime


class Storage(Protocol):
    """Uploads and thumbnails. Every method may raise `StorageUnavailable`."""

    def sign_upload(self, key: str, *, content_type: str, size: int, expires_s: int) -> SignedPost:
        """Sign a form with which a browser uploads a file of exactly this type and size."""

    def sign_multipart(
        self,
        key: str,
        step: MultipartStep,
        *,
        headers: Mapping[str, str],
        upload_id: str | None = None,
        part_number: int | None = None,
        expires_s: int,
    ) -> str:
        """Return a URL for one step of an upload in parts, which must carry these headers."""

    def origins(self) -> tuple[str, ...]:
        """Return where browsers find uploads and thumbnails: scheme, host and port."""

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an uploaded file that came through the API."""

    def find_upload(self, key: str) -> Source | None:
        """Return the stored object, `None` if there is none."""

    def upload_etag(self, key: str) -> str | None:
        """Return the ETag of the stored object, `None` if there is none."""

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        """Yield the bytes from `start` to before `end`, in pieces of `READ_BYTES`.

        Raises `SourceReplaced` or `ObjectGone` if the stored object is no longer `source`.
        """

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        """Publish a thumbnail."""

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail. Raises `ObjectGone`."""

    def sign_source(
        self,
        key: str,
        *,
        method: Literal["GET", "HEAD"],
        content_type: str,
        content_disposition: str,
        version: str,
        expires_s: int,
    ) -> str:
        """Return a URL at which anyone can read an upload, also by ranges, until it expires.

        The storage answers with these headers, and says that no shared cache may keep the bytes.
        The version changes with the upload: a cache of the storage's own must not mix them up.
        """

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""

    def delete_thumbnail(self, key: str) -> None:
        """Remove a thumbnail. Safe to repeat."""

    def put_picture(self, key: str, content: bytes, *, media_type: str) -> None:
        """Store a picture."""

    def read_picture(self, key: str) -> StoredPicture:
        """Return a thumbnail or another picture. Raises `ObjectGone`."""

    def sign_picture(self, key: str, *, media_type: str, expires_s: int) -> str:
        """Return a URL at which anyone can read a picture until it expires."""

    def delete_picture(self, key: str) -> None:
        """Remove a picture. Safe to repeat."""

    def delete_pictures(self, video_id: str, *, except_version: str | None = None) -> None:
        """Remove all pictures of a video but its thumbnails, and but those of one version."""

    def delete_upload(self, key: str, source: Source) -> None:
        """Remove an uploaded object, unless another upload has replaced it. Safe to repeat.

        No older version of it stays.
        """

    def abort_uploads(self, key: str) -> None:
        """Abort the unfinished uploads in parts of a key."""

    def delete_objects_of(self, deleted: DeletedVideo) -> None:
        """Remove all objects that were ever stored for a video. Safe to repeat.

        A versioned bucket keeps deleted uploads as older versions; a purge removes all versions.
        """


def remove_pictures(remove: Callable[[], None], *, video_id: str) -> None:
    """Call `remove` for pictures of an earlier file; log if the storage does not answer.

    No address leads to them any more. They go when the video is deleted.
    """
    try:
        remove()
    except StorageUnavailable:
        logger().warning("pictures not removed", video_id=video_id, exc_info=True)


def remove_thumbnail(delete: Callable[[str], None], key: str, *, video_id: str) -> None:
    """Call `delete` for a thumbnail that no record refers to; log if the storage does not answer.

    Callers have already recorded the video's result. The thumbnail goes when the video is deleted.
    """
    try:
        delete(key)
    except StorageUnavailable:
        logger().warning("thumbnail not removed", video_id=video_id, exc_info=True)
