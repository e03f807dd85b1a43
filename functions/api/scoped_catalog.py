"""The catalog as one caller reaches it: all that a route gets (ADR 42)."""

from collections.abc import Callable
from datetime import datetime

from functions.adapters.catalog import (
    Catalog,
    KeyUse,
    UploadMethod,
    change,
    discard,
)
from functions.adapters.owner_data import OwnerData
from functions.core.access import ALL_OWNERS, PUBLIC_CALLER, reaches
from functions.core.delivery_log import DeliveryFilter, DeliveryStatus, LoggedDelivery
from functions.core.lifecycle.moves import Move
from functions.core.listing import EVERY_VIDEO, Selection
from functions.core.quotas import Quota, Usage
from functions.core.video import DeletedVideo, Status, Video


class ScopedCatalog:
    """The videos of one owner, or of all. Every method may raise `CatalogUnavailable`.

    Another owner's video is as an unknown one: the same query finds neither. Only `get_delivered`
    also finds public videos.
    """

    __slots__ = ("_catalog", "_owner")

    def __init__(self, catalog: Catalog, owner: str) -> None:
        """Take the records, and their owner or `ALL_OWNERS`."""
        self._catalog = catalog
        self._owner = owner

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        """Insert a new, pending video; `False` if its id is taken."""
        self._check(video.owner)
        return self._catalog.add(video, method=method)

    def get(self, video_id: str) -> Video | None:
        """Return one video, or `None` if there is none."""
        return self._catalog.get(video_id, owner=self._owner)

    def get_delivered(self, video_id: str) -> Video | None:
        """Return one of the caller's videos, or a public one of any owner; `None` without one."""
        own = None if self._owner == PUBLIC_CALLER.owner else self.get(video_id)
        return own or self._catalog.get_public(video_id)

    def page(
        self,
        selection: Selection = EVERY_VIDEO,
        *,
        owner: str | None,
        after: str | None = None,
        limit: int,
    ) -> list[Video]:
        """Return up to `limit` videos of a selection, in its order, after a position in it.

        `owner` selects those of one owner.
        """
        return self._catalog.page(selection, owner=self._one(owner), after=after, limit=limit)

    def count_by_status(self, *, owner: str | None, limit: int) -> dict[Status, int]:
        """Return the number of videos of each status. No number is above `limit`.

        `owner` selects those of one owner.
        """
        return self._catalog.count_by_status(owner=self._one(owner), limit=limit)

    def count(
        self, selection: Selection, *, owner: str | None, after: str | None, limit: int
    ) -> int:
        """Return the number of videos of a selection after a position, `limit` at most.

        `owner` counts those of one owner.
        """
        return self._catalog.count(selection, owner=self._one(owner), after=after, limit=limit)

    def count_replays_awaited(self, *, limit: int) -> int:
        """Return the number of pending videos of all owners for which Clipo has sent an event."""
        return self._catalog.count_replays_awaited(limit=limit)

    def has_pending(self, count: int, *, owner: str | None) -> bool:
        """Tell whether at least `count` videos of an owner, or without one, are pending."""
        self._check(owner)
        return self._catalog.has_pending(count, owner=owner)

    def change(self, seen: Video, rule: Callable[[Video], Move]) -> Move:
        """Apply a rule to a record, save the result, and return it with its new version."""
        self._check(seen.owner)
        return change(self._catalog, seen, rule, owner=self._owner)

    def discard(self, video: Video) -> None:
        """Remove a video whose upload never began, unless an event has claimed it meanwhile."""
        self._check(video.owner)
        discard(self._catalog, video, owner=self._owner)

    def delete(
        self, video_id: str, *, purge: bool, seen: Video | None = None
    ) -> DeletedVideo | None:
        """Replace a video by its tombstone, and return that; `None` if there is neither.

        With `seen` it only replaces a record that is still as it was seen, and returns `None`
        otherwise.
        """
        return self._catalog.delete(video_id, owner=self._owner, purge=purge, seen=seen)

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of an idempotency key: the given one if there is no other."""
        self._check(use.owner)
        return self._catalog.reserve(use)

    def first_use(self, use: KeyUse) -> KeyUse | None:
        """Return the first use of the same idempotency key, `None` if there is none any more."""
        self._check(use.owner)
        return self._catalog.first_use(use)

    def free_key(self, use: KeyUse) -> None:
        """Remove an idempotency key, unless its first use was another."""
        self._check(use.owner)
        self._catalog.free_key(use)

    def usage(self, owner: str | None) -> Usage:
        """Return the use of an owner's quota."""
        self._check(owner)
        return self._catalog.usage.get(owner)

    def reserve_quota(self, video: Video, quota: Quota) -> bool:
        """Count a video before it is saved; `False` if it does not fit in its owner's quota."""
        self._check(video.owner)
        return self._catalog.usage.reserve(video.owner, video.declared_size, quota)

    def give_quota_back(self, video: Video) -> None:
        """Subtract a video that was not saved."""
        self._check(video.owner)
        self._catalog.usage.give_back(video.owner, video.declared_size)

    def results(self, *, after: str, limit: int) -> list[Video]:
        """Return up to `limit` videos whose webhook's id is later than one, the earliest first."""
        return self._catalog.results(owner=self._owner, after=after, limit=limit)

    def deliveries(
        self, only: DeliveryFilter, *, after: str | None, limit: int
    ) -> list[LoggedDelivery]:
        """Return up to `limit` webhook deliveries that follow the one with an id, newest first."""
        return self._catalog.deliveries.page(only, owner=self._owner, after=after, limit=limit)

    def delivery(self, delivery_id: str) -> LoggedDelivery | None:
        """Return one webhook delivery, or `None` if it is not in the log."""
        return self._catalog.deliveries.get(delivery_id, owner=self._owner)

    def add_test(self, test: LoggedDelivery) -> None:
        """Add the test of a receiver to the log, for callers who reach all owners."""
        self._check(ALL_OWNERS)
        self._catalog.deliveries.record(test, None)

    def mark_delivery(
        self, delivery: LoggedDelivery, status: DeliveryStatus, *, due_at: datetime | None
    ) -> None:
        """Change the status of a webhook delivery in the log."""
        self._check(delivery.owner)
        self._catalog.deliveries.mark(delivery.id, status, due_at=due_at)

    def owner_data(self) -> OwnerData:
        """Return the records of each owner, for callers who reach all."""
        self._check(ALL_OWNERS)
        return self._catalog.owner_data

    def _one(self, owner: str | None) -> str | None:
        """Return the owner that a list is for: without a name, the caller's."""
        owner = self._owner if owner is None else owner
        self._check(owner)
        return owner

    def _check(self, owner: str | None) -> None:
        """Raise `ValueError` for another owner than the caller's, which only a bug can cause."""
        if not reaches(self._owner, owner):
            raise ValueError("This catalog is for the videos of another owner.")
