"""Makes an uploaded object readable by ffmpeg."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.storage import Storage
from shared.video import UploadedObject


@dataclass(frozen=True, slots=True)
class OpenSource:
    """Where ffmpeg reads the object, and what it has cost to get it there."""

    location: str
    bytes_read: int
    requests: int


class Downloads:
    """Sources that are downloaded whole."""

    def __init__(self, storage: Storage) -> None:
        """Take the storage to read from."""
        self._storage = storage

    def is_current(self, event: UploadedObject) -> bool:
        """Tell whether the stored object is still the event's."""
        return self._storage.upload_etag(event.key) == event.source.etag

    @contextmanager
    def open(self, event: UploadedObject, *, directory: Path) -> Iterator[OpenSource]:
        """Yield the object as a file in `directory`, which the caller removes.

        Its name has no extension, so that only the bytes decide what ffprobe takes it for.
        Raises `ObjectGone` or `SourceReplaced` where it is no longer the event's object.
        """
        file = directory / "source"
        self._storage.download_upload(event.key, event.source, file)
        yield OpenSource(location=str(file), bytes_read=file.stat().st_size, requests=1)
