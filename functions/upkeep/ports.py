"""What upkeep asks of the catalog, of object storage and of processing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from functions.adapters.mongo import Search
from functions.adapters.storage import StoredObject
from functions.core.video import (
    Failure,
    Source,
    UploadedObject,
    Video,
)


class Records(Protocol):
    """The catalog's part in upkeep."""

    def ensure_indexes(self) -> None:
        """Create the indexes of all queries."""

    def get(self, video_id: str) -> Video | None:
        """Return one video."""

    def overdue(self, *, before: datetime) -> Iterator[Video]:
        """Yield the pending videos whose upload window ended before a moment."""

    def lapsed(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos in processing whose lease ended before a moment."""

    def count_replay(self, seen: Video, *, now: datetime) -> bool:
        """Note that an event is sent for a video, if it is as it was seen."""

    def fail_stuck(self, seen: Video, *, error: Failure, now: datetime) -> bool:
        """Move to failed, if the video is as it was seen."""

    def known(self, video_ids: Iterable[str]) -> set[str]:
        """Return those ids of which there are videos."""

    def search(self) -> Search | None:
        """Return how far the search for objects without a video has come."""

    def save_search(self, search: Search) -> None:
        """Remember how far it has come."""


class Objects(Protocol):
    """Object storage's part in upkeep."""

    def find_upload(self, key: str) -> Source | None:
        """Return what is stored now."""

    def pages(self, *, after: str) -> Iterator[list[StoredObject]]:
        """Yield all objects behind a key, in the keys' order."""

    def delete_thumbnail(self, key: str) -> None:
        """Remove one picture."""

    def delete(self, found: Sequence[StoredObject]) -> None:
        """Remove objects of one page."""

    def delete_objects_of(self, video_id: str) -> None:
        """Remove all that was ever stored for a video."""


class Processing(Protocol):
    """What processes uploads."""

    def start(self, upload: UploadedObject) -> None:
        """Hand it an upload of which storage sends no event."""
