"""The catalog of videos, as the functions use it. `mongo.py` keeps it in MongoDB."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from functions.core.video import (
    Failure,
    Lease,
    Media,
    Processing,
    Status,
    Thumbnail,
    UploadedObject,
    Video,
    Webhook,
)

UploadMethod: TypeAlias = Literal["POST", "form"]
"""How a file is uploaded: straight to storage, or through the API. Release 0.1 expects it."""


@dataclass(frozen=True, slots=True)
class Search:
    """How far a search through the buckets has come."""

    after: str
    """The last key that was looked at; empty before the first."""
    due_at: datetime
    """When it is to go on."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The request that an `Idempotency-Key` was first sent with."""

    key: str
    fingerprint: str
    """A hash of the request's body: another body under the same key is a mistake."""
    video_id: str
    expires_at: datetime


class Catalog(Protocol):
    """The records of all videos. Every method may raise `CatalogUnavailable`."""

    def ensure_indexes(self) -> None:
        """Create the indexes of all queries. Safe to repeat."""

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        """Insert a new, pending video; `False` if its id is taken."""

    def discard(self, video_id: str) -> None:
        """Remove a video whose upload never began."""

    def get(self, video_id: str) -> Video | None:
        """Return one video, or `None` if there is none."""

    def page(self, *, status: Status | None, before: str | None, limit: int) -> list[Video]:
        """Return up to `limit` videos, newest first, that are older than the id `before`."""

    def claim(self, event: UploadedObject, lease: Lease, *, now: datetime) -> bool:
        """Take the lease on an unfinished video."""

    def claim_finished(
        self, seen: Video, event: UploadedObject, lease: Lease, *, now: datetime
    ) -> bool:
        """Take the lease on a finished video, if it is as it was seen."""

    def complete(
        self,
        video_id: str,
        lease: Lease,
        *,
        media: Media,
        thumbnail: Thumbnail,
        processing: Processing,
    ) -> bool:
        """Move to done; `False` if the lease is no longer held."""

    def fail(self, video_id: str, lease: Lease, *, error: Failure, processing: Processing) -> bool:
        """Move to failed; `False` if the lease is no longer held."""

    def release(self, video_id: str, lease: Lease, *, now: datetime) -> bool:
        """Let the lease lapse now; `False` if it is no longer held."""

    def retry(self, seen: Video, *, now: datetime) -> bool:
        """Move from failed to pending, if the video is as it was seen."""

    def extend_upload(self, video_id: str, *, until: datetime) -> bool:
        """Await the upload of a pending video until then; `False` if it is not pending."""

    def delete(self, video_id: str) -> None:
        """Remove a video whatever its status, and free its idempotency key. Safe to repeat."""

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of an idempotency key: the given one if there is no other."""

    def names(self, key: str, video_id: str) -> bool:
        """Tell whether an idempotency key still stands for a video."""

    def overdue(self, *, before: datetime) -> Iterator[Video]:
        """Yield the pending videos whose upload window ended before a moment."""

    def lapsed(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos in processing whose lease ended before a moment."""

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos whose webhook was due before a moment."""

    def count_replay(self, seen: Video, *, now: datetime) -> bool:
        """Count an event that upkeep sends for a video, if it is as it was seen."""

    def fail_stuck(self, seen: Video, *, error: Failure, now: datetime) -> bool:
        """Move to failed without a lease, if the video is as it was seen."""

    def move_webhook(self, video_id: str, seen: Webhook, to: Webhook) -> bool:
        """Record a delivery attempt, if the webhook is as it was seen."""

    def known(self, video_ids: Iterable[str]) -> set[str]:
        """Return those of the ids that have a video."""

    def search(self) -> Search | None:
        """Return how far the search for objects without a video has come."""

    def save_search(self, search: Search) -> None:
        """Store how far the search has come."""
