"""Makes an uploaded object readable by ffmpeg, without downloading it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from functions.adapters.storage import Storage
from functions.core.failures import BadMedia, FailureCode
from functions.core.unavailable import StorageUnavailable
from functions.core.video import UploadedObject
from functions.media.reader.block_cache import BlockCache
from functions.media.reader.fragments import is_unindexed
from functions.media.reader.loopback import served
from functions.media.reader.ranged_object import RangedObject

_SLOW_S = 10
_SLOW_BYTES_PER_S = 2_000_000
"""A child that waited so long for so little ran out of time because of storage."""


@dataclass(frozen=True, slots=True)
class OpenSource:
    """Where ffmpeg reads the object, and what it has cost so far."""

    location: str
    content: RangedObject

    @property
    def size(self) -> int:
        """Return the object's bytes."""
        return self.content.size

    @property
    def bytes_read(self) -> int:
        """Return the bytes that came from storage."""
        return self.content.bytes_read

    @property
    def requests(self) -> int:
        """Return the requests that were sent to storage."""
        return self.content.requests

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer where the object cannot be read any more."""
        found = bytearray()
        end = min(end, self.size)
        while len(found) < end - start and (piece := self.content.read(start + len(found))):
            found += piece
        return bytes(found[: end - start])


class RangedSources:
    """Sources of which only what is needed is read."""

    def __init__(self, storage: Storage) -> None:
        """Take the storage to read from."""
        self._storage = storage

    def is_current(self, event: UploadedObject) -> bool:
        """Tell whether the stored object is still the event's."""
        return self._storage.upload_etag(event.key) == event.source.etag

    @contextmanager
    def open(self, event: UploadedObject, *, directory: Path) -> Iterator[OpenSource]:
        """Yield the object, served to children for the time of the `with` block.

        Raises, when the block ends, what kept the object from being read: whatever was found
        out about it is then not to be believed. `ObjectGone` or `SourceReplaced` where it is no
        longer the event's object, `StorageUnavailable`, or `OSError` where the disk is full.
        """
        get = partial(self._storage.read_upload, event.key, event.source)
        with (
            closing(BlockCache(directory)) as cache,
            RangedObject(get, event.source.size, cache, whole_if=is_unindexed) as content,
            served(content) as location,
        ):
            try:
                yield OpenSource(location, content)
            except BadMedia as error:
                if error.code is FailureCode.TIMED_OUT and _was_slow(content):
                    raise StorageUnavailable("S3: too slow for the video to be read") from error
                raise
            finally:
                if content.error:
                    raise content.error


def _was_slow(content: RangedObject) -> bool:
    waited_s = content.waited_s
    return waited_s > _SLOW_S and content.bytes_read < waited_s * _SLOW_BYTES_PER_S
