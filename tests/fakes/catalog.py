"""A catalog in memory. `tests/contract/adapters/test_catalog.py` tests the real one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from functions.adapters.catalog import TOMBSTONE_KEPT, DeletedVideo, KeyUse, Search, UploadMethod
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import (
    Status,
    Video,
    Webhook,
)


@dataclass
class FakeCatalog:
    videos: dict[str, Video] = field(default_factory=dict)
    down: bool = False
    counts: int = 0
    keys: dict[str, KeyUse] = field(default_factory=dict)
    tombstones: dict[str, DeletedVideo] = field(default_factory=dict)
    orphans: dict[str, datetime] = field(default_factory=dict)
    searched: Search | None = None
    webhooks_on: bool = False
    migrated: bool = True
    methods: dict[str, UploadMethod] = field(default_factory=dict)

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        self._answer()
        self.methods.setdefault(video.id, method)
        return self.videos.setdefault(video.id, video) is video

    def reserve(self, use: KeyUse) -> KeyUse:
        self._answer()
        return self.keys.setdefault(use.key, use)

    def key_belongs_to(self, key: str, video_id: str) -> bool:
        self._answer()
        return key in self.keys and self.keys[key].video_id == video_id

    def has_pending(self, count: int) -> bool:
        self._answer()
        self.counts += 1
        pending = [one for one in self.videos.values() if one.status is Status.PENDING]
        return len(pending) >= count

    def save(self, seen: Video, new: Video) -> Video | None:
        self._answer()
        if self.videos.get(seen.id) != seen:
            return None
        saved = replace(new, version=seen.version + 1)
        self.videos[seen.id] = saved
        return saved

    def new_webhook(self, *, due_at: datetime) -> Webhook | None:
        return Webhook(id=f"msg_{uuid4().hex}", due_at=due_at) if self.webhooks_on else None

    def delete(self, video_id: str, *, purge: bool = False) -> DeletedVideo | None:
        self._answer()
        video_id = video_id.lower()
        if video_id not in self.videos:
            if purge and video_id in self.tombstones:
                self._leave_tombstone(video_id, purge=True)
            return self.deleted(video_id)
        self._leave_tombstone(video_id, purge=purge)
        del self.videos[video_id]
        for use in list(self.keys.values()):
            if use.video_id == video_id:
                del self.keys[use.key]
        return self.tombstones[video_id]

    def deleted(self, video_id: str) -> DeletedVideo | None:
        self._answer()
        return self.tombstones.get(video_id)

    def _leave_tombstone(self, video_id: str, *, purge: bool = False) -> None:
        now = datetime.now(UTC)
        self.tombstones[video_id] = DeletedVideo(video_id, now, now + TOMBSTONE_KEPT, purge)

    def discard(self, seen: Video) -> bool:
        self._answer()
        self._leave_tombstone(seen.id)
        if self.videos.get(seen.id) != seen:
            return False
        del self.videos[seen.id]
        return True

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

    def ensure_schema(self) -> bool:
        self._answer()
        return self.migrated

    def unfinished(self, *, before: datetime) -> Iterator[Video]:
        self._answer()
        claimable = [(video.claimable_at, video) for video in self.videos.values()]
        overdue = [(at, video) for at, video in claimable if at and at < before]
        yield from (video for _, video in sorted(overdue, key=lambda found: found[0]))

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        self._answer()
        for video in list(self.videos.values()):
            if video.webhook and video.webhook.due_at and video.webhook.due_at < before:
                yield video

    def orphaned_since(self, video_ids: Iterable[str], *, now: datetime) -> dict[str, datetime]:
        self._answer()
        wanted = set(video_ids)
        for video_id in wanted & set(self.videos):
            self.orphans.pop(video_id, None)
        missing = wanted - set(self.videos)
        return {video_id: self.orphans.setdefault(video_id, now) for video_id in missing}

    def expired(self, video_ids: Iterable[str]) -> list[Video]:
        self._answer()
        found = [self.videos[one] for one in video_ids if one in self.videos]
        return [one for one in found if one.remove_at]

    def search(self) -> Search | None:
        self._answer()
        return self.searched

    def save_search(self, search: Search) -> None:
        self._answer()
        self.searched = search

    def _answer(self) -> None:
        if self.down:
            raise CatalogUnavailable("MongoDB: ServerSelectionTimeoutError")
