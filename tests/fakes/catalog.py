"""A catalog in memory. `tests/contract/adapters/test_catalog.py` tests the real one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from functions.adapters.catalog import TOMBSTONE_KEPT, KeyUse, Search, UploadMethod
from functions.adapters.mongo.ids import new_event_id
from functions.core.access import ALL_OWNERS
from functions.core.listing import EVERY_VIDEO, Order, Selection, search_key
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import DeletedVideo, Status, Video, Visibility, Webhook
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.owner_data import FakeOwnerData
from tests.fakes.receivers import FakeReceivers
from tests.fakes.usage import FakeUsage


@dataclass
class FakeCatalog:
    videos: dict[str, Video] = field(default_factory=dict)
    down: bool = False
    counts: int = 0
    keys: dict[tuple[str | None, str], KeyUse] = field(default_factory=dict)
    tombstones: dict[str, DeletedVideo] = field(default_factory=dict)
    orphans: dict[str, datetime] = field(default_factory=dict)
    searched: Search | None = None
    webhooks_on: bool = False
    migrated: bool = True
    methods: dict[str, UploadMethod] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.usage = FakeUsage(self)
        self.owner_data = FakeOwnerData(self)
        self.receivers = FakeReceivers()
        self.deliveries = FakeDeliveries()

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        self._answer()
        self.methods.setdefault(video.id, method)
        return self.videos.setdefault(video.id, video) is video

    def reserve(self, use: KeyUse) -> KeyUse:
        self._answer()
        return self.keys.setdefault((use.owner, use.key), use)

    def first_use(self, use: KeyUse) -> KeyUse | None:
        self._answer()
        return self.keys.get((use.owner, use.key))

    def count(
        self, selection: Selection, *, owner: str | None, after: str | None, limit: int
    ) -> int:
        return len(self.page(selection, owner=owner, after=after, limit=limit))

    def count_replays_awaited(self, *, limit: int) -> int:
        self._answer()
        pending = (one for one in self.videos.values() if one.status is Status.PENDING)
        return min(sum(one.replays > 0 for one in pending), limit)

    def has_pending(self, count: int, *, owner: str | None) -> bool:
        self._answer()
        self.counts += 1
        pending = [one for one in self._of(owner) if one.status is Status.PENDING]
        return len(pending) >= count

    def _of(self, owner: str | None) -> list[Video]:
        return [one for one in self.videos.values() if owner in (ALL_OWNERS, one.owner)]

    def save(self, seen: Video, new: Video) -> Video | None:
        self._answer()
        if self.videos.get(seen.id) != seen:
            return None
        saved = replace(new, version=seen.version + 1)
        self.videos[seen.id] = saved
        if seen.charged and not new.charged:
            self.usage.give_back(seen.owner, seen.declared_size)
        return saved

    def new_webhook(self, *, due_at: datetime) -> Webhook | None:
        return Webhook(id=new_event_id(), due_at=due_at) if self.webhooks_on else None

    def delete(
        self,
        video_id: str,
        *,
        owner: str | None = ALL_OWNERS,
        purge: bool = False,
        seen: Video | None = None,
    ) -> DeletedVideo | None:
        if seen and self.get(video_id, owner=owner) != seen:
            return None
        found = self.get(video_id, owner=owner) or self.deleted(video_id, owner=owner)
        if found is None:
            return None
        tombstone = self._leave_tombstone(found, purge=purge)
        removed = self.videos.pop(found.id, None)
        if removed and removed.charged:
            self.usage.give_back(removed.owner, removed.declared_size)
        for name, use in list(self.keys.items()):
            if use.video_id == found.id:
                del self.keys[name]
        return tombstone

    def deleted(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> DeletedVideo | None:
        self._answer()
        found = self.tombstones.get(video_id.lower())
        return found if found and owner in (ALL_OWNERS, found.owner) else None

    def deleted_among(self, video_ids: Iterable[str]) -> list[DeletedVideo]:
        found = [self.deleted(one) for one in sorted(video_ids) if one not in self.videos]
        return [one for one in found if one]

    def _leave_tombstone(self, of: Video | DeletedVideo, *, purge: bool) -> DeletedVideo:
        now, known = datetime.now(UTC), self.tombstones.get(of.id)
        purge = purge or (known is not None and known.purge)
        left = DeletedVideo(of.id, now, now + TOMBSTONE_KEPT, of.owner, purge)
        self.tombstones[of.id] = left
        return left

    def discard(self, seen: Video) -> bool:
        self._answer()
        self._leave_tombstone(seen, purge=False)
        if self.videos.get(seen.id) != seen:
            return False
        del self.videos[seen.id]
        if seen.charged:
            self.usage.give_back(seen.owner, seen.declared_size)
        return True

    def free_key(self, use: KeyUse) -> None:
        self._answer()
        if self.keys.get((use.owner, use.key)) == use:
            del self.keys[use.owner, use.key]

    def get(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> Video | None:
        self._answer()
        found = self.videos.get(video_id.lower())
        return found if found and owner in (ALL_OWNERS, found.owner) else None

    def get_public(self, video_id: str) -> Video | None:
        found = self.get(video_id)
        return found if found and found.visibility is Visibility.PUBLIC else None

    def page(
        self,
        selection: Selection = EVERY_VIDEO,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None = None,
        limit: int,
    ) -> list[Video]:
        self._answer()
        newest_first = selection.order is Order.NEWEST
        selected = [one for one in self._of(owner) if _is_selected(one, selection)]
        found = {selection.position(one.filename, one.id): one for one in selected}
        places = sorted(found, reverse=newest_first)
        if after is not None:
            places = [
                place for place in places if place != after and (place < after) is newest_first
            ]
        return [found[place] for place in places[:limit]]

    def count_by_status(self, *, owner: str | None, limit: int) -> dict[Status, int]:
        self._answer()
        found = Counter(one.status for one in self._of(owner))
        return {status: min(found[status], limit) for status in Status}

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

    def results(self, *, owner: str | None, after: str, limit: int) -> list[Video]:
        self._answer()
        found = {one.webhook.id: one for one in self._of(owner) if one.webhook}
        return [found[place] for place in sorted(found) if place > after][:limit]

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


def _is_selected(video: Video, selection: Selection) -> bool:
    after, before = selection.created_after, selection.created_before
    return (
        (not selection.statuses or video.status in selection.statuses)
        and (not selection.error_codes or _code_of(video) in selection.error_codes)
        and (not selection.retryable or (video.error is not None and video.error.retryable))
        and selection.passthrough in (None, video.passthrough)
        and (after is None or video.created_at >= after)
        and (before is None or video.created_at < before)
        and (selection.search is None or _matches(video, selection.search))
    )


def _code_of(video: Video) -> str | None:
    return video.error.code if video.error else None


def _matches(video: Video, search: str) -> bool:
    return (
        video.id == search.lower()
        or video.passthrough == search
        or search_key(video.filename).startswith(search_key(search))
    )
