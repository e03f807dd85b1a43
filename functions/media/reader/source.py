"""Makes an uploaded object readable by ffmpeg without a full download."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from functions.adapters.storage import Storage
from functions.core.failures import BadMedia, FailureCode
from functions.core.unavailable import StorageUnavailable
from functions.core.video import UploadedObject
from functions.media.reader.block_cache import BlockCache
from functions.media.reader.foresight import foresee, guess_picture
from functions.media.reader.loopback import Content, Loopback, serve
from functions.media.reader.ranged_object import RangedObject

_SLOW_S = 10
_SLOW_BYTES_PER_S = 2_000_000
"""Waiting time and throughput beyond which storage, not the file, is to blame for a timeout."""


@dataclass(frozen=True, slots=True)
class OpenSource:
    """An object that ffmpeg can read, and its cost so far."""

    location: str
    """URL for ffmpeg."""
    content: RangedObject
    loopback: Loopback = field(default_factory=Loopback)
    """Serves the object and its views."""

    @property
    def size(self) -> int:
        """The object's size in bytes."""
        return self.content.size

    @property
    def bytes_read(self) -> int:
        """Bytes that came from storage."""
        return self.content.bytes_read

    @property
    def requests(self) -> int:
        """Requests that were sent to storage."""
        return self.content.requests

    def view(self, content: Content) -> "OpenSource":
        """Return the same object, which ffmpeg sees as another content."""
        return replace(self, location=self.loopback.add(content))

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer if reading the object fails."""
        found = bytearray()
        end = min(end, self.size)
        self.content.request(start, end)
        while len(found) < end - start and (piece := self.content.read(start + len(found))):
            found += piece
        del found[max(0, end - start) :]
        return bytes(found)


class RangedSources:
    """Opens uploaded objects for reading by ranges."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def is_current(self, event: UploadedObject) -> bool:
        """Tell whether the stored object is still the one that the event describes."""
        return self._storage.upload_etag(event.key) == event.source.etag

    @contextmanager
    def open(
        self, event: UploadedObject, *, directory: Path, at_s: float | None = None
    ) -> Iterator[OpenSource]:
        """Yield the object, served to child processes until the `with` block ends.

        `at_s` is the moment of the picture to make, in seconds; `None` means the thumbnail's.

        If reading failed, the end of the block raises the reason, and any result is unreliable:
        `ObjectGone` or `SourceReplaced` if it is no longer the event's object,
        `StorageUnavailable`, or `OSError` if the disk is full.
        """
        get = partial(self._storage.read_upload, event.key, event.source)
        with (
            closing(BlockCache(directory)) as cache,
            RangedObject(get, event.source.size, cache) as content,
            serve() as loopback,
        ):
            if at_s is None:
                guess_picture(content)
            with suppress(RuntimeError):  # no thread is free
                threading.Thread(target=foresee, args=(content, at_s), daemon=True).start()
            try:
                yield OpenSource(loopback.add(content), content, loopback)
            except BadMedia as error:
                if error.code is FailureCode.TIMED_OUT and _was_slow(content):
                    raise StorageUnavailable("S3: too slow to read the video") from error
                raise
            finally:
                if content.error:
                    raise content.error


def _was_slow(content: RangedObject) -> bool:
    waited_s = content.waited_s
    return waited_s > _SLOW_S and content.bytes_read < waited_s * _SLOW_BYTES_PER_S
