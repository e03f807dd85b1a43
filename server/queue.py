"""The queue of a worker without events: the unfinished videos of the catalog (ADR 60)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from functions.adapters.catalog import Catalog, change
from functions.adapters.storage import Storage
from functions.core.clock import Clock, utc_now
from functions.core.lifecycle import polling, replays, stuck
from functions.core.lifecycle.announcement import may_discard
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.video import MAX_ATTEMPTS, UploadedObject, Video
from functions.upkeep.stuck import fail_stuck


@dataclass(frozen=True, slots=True)
class VideoQueue:
    """Finds uploads to process. The slots of one worker share it."""

    catalog: Catalog
    storage: Storage
    stopping: Callable[[], bool] = lambda: False
    """Tells whether the worker is about to end, so that a search ends early."""
    now: Clock = utc_now
    _searching: threading.Lock = field(default_factory=threading.Lock)
    _reserved: set[str] = field(default_factory=set)

    @contextmanager
    def next_upload(self) -> Iterator[UploadedObject | None]:
        """Yield an upload to process, `None` if there is none now.

        The other slots do not get it during the `with` block. Raises `CatalogUnavailable` and
        `StorageUnavailable`.
        """
        with self._searching:
            upload = self._search()
            if upload:
                self._reserved.add(upload.video_id)
        try:
            yield upload
        finally:
            if upload:
                self._reserved.discard(upload.video_id)

    def put_back(self, upload: UploadedObject) -> None:
        """Have a failed attempt repeated later, unless another worker has the video."""
        now = self.now()

        def postpone(seen: Video) -> Move:
            # A record without a source has not been claimed, and its next look is set.
            return polling.postpone(seen, now=now) if seen.source else Refusal.BUSY

        if video := self.catalog.get(upload.video_id):
            change(self.catalog, video, postpone)

    def _search(self) -> UploadedObject | None:
        for video in self.catalog.unfinished(before=self.now()):
            if self.stopping():
                return None
            if video.id not in self._reserved and (upload := self._look(video)):
                return upload
        return None

    def _look(self, video: Video) -> UploadedObject | None:
        """Return the upload of a claimable video, if it has arrived.

        A video that no attempt would finish fails here: upkeep does the same, but later.
        """
        now = self.now()
        overdue = stuck.is_overdue(video, now=now)
        if video.attempts >= MAX_ATTEMPTS and not overdue:
            return None
        reserved = self._reserve(video)
        if reserved is None:
            return None
        found = self.storage.find_upload(video.upload.key)
        if overdue and (error := stuck.why_hopeless(reserved, found)):
            fail_stuck(self.catalog, self.storage, reserved, error, now=now)
            return None
        # Processing finds out that an object is gone, and fails its video.
        source = found or reserved.source
        return replays.found_upload(reserved, source) if source else None

    def _reserve(self, video: Video) -> Video | None:
        """Reserve the look for an upload; `None` if another worker has done so.

        Once an upload has been claimed, the next claim of its video is the reservation.
        """
        if not may_discard(video):
            return video
        postponed = polling.postpone(video, now=self.now())
        return None if isinstance(postponed, Refusal) else self.catalog.save(video, postponed)
