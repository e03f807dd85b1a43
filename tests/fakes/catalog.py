"""A catalog in memory that keeps the rules of the real one, for one worker at a time.

`tests/contract/adapters/test_catalog.py` proves the rules against a real server.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from functions.adapters.catalog import KeyUse, Search, UploadMethod
from functions.core.unavailable import CatalogUnavailable
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


@dataclass
class FakeCatalog:
    videos: dict[str, Video] = field(default_factory=dict)
    down: bool = False
    keys: dict[str, KeyUse] = field(default_factory=dict)
    searched: Search | None = None
    announces: bool = False
    methods: dict[str, UploadMethod] = field(default_factory=dict)

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        self._answer()
        self.methods.setdefault(video.id, method)
        return self.videos.setdefault(video.id, video) is video

    def reserve(self, use: KeyUse) -> KeyUse:
        self._answer()
        return self.keys.setdefault(use.key, use)

    def extend_upload(self, video_id: str, *, until: datetime) -> bool:
        self._answer()
        video = self.videos.get(video_id)
        if video is None or video.status is not Status.PENDING:
            return False
        self.videos[video_id] = replace(video, upload=replace(video.upload, expires_at=until))
        return True

    def names(self, key: str, video_id: str) -> bool:
        self._answer()
        return key in self.keys and self.keys[key].video_id == video_id

    def retry(self, seen: Video, *, now: datetime) -> bool:
        self._answer()
        video = self.videos.get(seen.id)
        if video != seen or video.status is not Status.FAILED:
            return False
        self.videos[seen.id] = replace(
            video,
            status=Status.PENDING,
            attempts=0,
            updated_at=now,
            error=None,
            processing=None,
            webhook=None,
        )
        return True

    def delete(self, video_id: str) -> None:
        self._answer()
        self.videos.pop(video_id, None)
        for use in list(self.keys.values()):
            if use.video_id == video_id:
                del self.keys[use.key]

    def discard(self, video_id: str) -> None:
        self._answer()
        self.videos.pop(video_id, None)

    def get(self, video_id: str) -> Video | None:
        self._answer()
        return self.videos.get(video_id)

    def page(self, *, status: Status | None, before: str | None, limit: int) -> list[Video]:
        self._answer()
        newest_first = sorted(self.videos.values(), key=lambda video: video.id, reverse=True)
        return [
            video
            for video in newest_first
            if (status is None or video.status is status) and (before is None or video.id < before)
        ][:limit]

    def claim(self, event: UploadedObject, lease: Lease, *, now: datetime) -> bool:
        self._answer()
        video = self.videos.get(event.video_id)
        if video is None or video.status.finished:
            return False
        if video.lease and video.lease.until > now:
            return False
        self.videos[video.id] = replace(
            video,
            status=Status.PROCESSING,
            source=event.source,
            lease=lease,
            attempts=video.attempts + 1,
            webhook=None,
        )
        return True

    def claim_finished(
        self, seen: Video, event: UploadedObject, lease: Lease, *, now: datetime
    ) -> bool:
        changes = {"status": Status.PROCESSING, "source": event.source, "lease": lease}
        return self._change_seen(seen, attempts=1, updated_at=now, **changes)

    def complete(
        self,
        video_id: str,
        lease: Lease,
        *,
        media: Media,
        thumbnail: Thumbnail,
        processing: Processing,
    ) -> bool:
        found = {"media": media, "thumbnail": thumbnail, "processing": processing}
        return self._finish(video_id, lease, status=Status.DONE, error=None, **found)

    def fail(self, video_id: str, lease: Lease, *, error: Failure, processing: Processing) -> bool:
        return self._finish(
            video_id, lease, status=Status.FAILED, error=error, processing=processing
        )

    def release(self, video_id: str, lease: Lease, *, now: datetime) -> bool:
        self._answer()
        return self._change(video_id, lease, lease=replace(lease, until=now))

    def ensure_indexes(self) -> None:
        self._answer()

    def overdue(self, *, before: datetime) -> Iterator[Video]:
        self._answer()
        for video in list(self.videos.values()):
            if video.status is Status.PENDING and video.upload.expires_at < before:
                yield video

    def lapsed(self, *, before: datetime) -> Iterator[Video]:
        self._answer()
        for video in list(self.videos.values()):
            if video.lease and video.lease.until < before:
                yield video

    def count_replay(self, seen: Video, *, now: datetime) -> bool:
        return self._change_seen(seen, replays=seen.replays + 1, updated_at=now)

    def fail_stuck(self, seen: Video, *, error: Failure, now: datetime) -> bool:
        outdated = dict.fromkeys(("lease", "media", "thumbnail", "processing"))
        failed = {"status": Status.FAILED, "error": error, "replays": 0, "updated_at": now}
        return self._change_seen(seen, **outdated | failed | self._announced(now))

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        self._answer()
        for video in list(self.videos.values()):
            if video.webhook and video.webhook.due_at and video.webhook.due_at < before:
                yield video

    def move_webhook(self, video_id: str, seen: Webhook, to: Webhook) -> bool:
        self._answer()
        video = self.videos.get(video_id)
        if video is None or video.webhook != seen:
            return False
        self.videos[video_id] = replace(video, webhook=to)
        return True

    def _change_seen(self, seen: Video, /, **changes: object) -> bool:
        self._answer()
        if self.videos.get(seen.id) != seen:
            return False
        self.videos[seen.id] = replace(seen, **changes)  # type: ignore[arg-type]  # by name
        return True

    def known(self, video_ids: Iterable[str]) -> set[str]:
        self._answer()
        return set(video_ids) & set(self.videos)

    def search(self) -> Search | None:
        self._answer()
        return self.searched

    def save_search(self, search: Search) -> None:
        self._answer()
        self.searched = search

    def _finish(self, video_id: str, lease: Lease, **changes: object) -> bool:
        self._answer()
        announced = self._announced(datetime.now(UTC))
        return self._change(video_id, lease, **changes | {"lease": None} | announced)

    def _announced(self, now: datetime) -> dict[str, object]:
        return {"webhook": Webhook(id=f"msg_{uuid4().hex}", due_at=now)} if self.announces else {}

    def _change(self, video_id: str, held: Lease, /, **changes: object) -> bool:
        video = self.videos.get(video_id)
        if video is None or video.lease is None or video.lease.token != held.token:
            return False
        self.videos[video_id] = replace(video, **changes)  # type: ignore[arg-type]  # by name
        return True

    def _answer(self) -> None:
        if self.down:
            raise CatalogUnavailable("MongoDB: ServerSelectionTimeoutError")
