"""The catalog of videos, as the functions use it. `mongo/catalog.py` keeps it in MongoDB."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from functions.adapters.deliveries import DeliveryLog
from functions.adapters.owner_data import OwnerData
from functions.adapters.receivers import Receivers
from functions.adapters.telemetry import logger
from functions.adapters.usage import OwnerUsage
from functions.core.access import ALL_OWNERS
from functions.core.lifecycle.announcement import may_discard
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.listing import EVERY_VIDEO, Selection
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import DeletedVideo, Status, Video, Webhook

_TRIES = 10
"""The number of attempts to save a change: more than one record has writers at a time."""

TOMBSTONE_KEPT = timedelta(days=7)
"""The time for which the catalog remembers that a video was deleted: longer than an upload or an
event of it may last."""

UploadMethod: TypeAlias = Literal["POST", "form"]
"""The way of an upload: straight to storage, or through the API. Only release 0.1 reads it."""


@dataclass(frozen=True, slots=True)
class Search:
    """The progress of the search for orphaned objects."""

    after: str
    """The last key that was checked; empty before the first."""
    due_at: datetime
    """The time at which the search continues."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The first request with an `Idempotency-Key`."""

    key: str
    fingerprint: str
    """A hash of the request's body. A client must not send the key with another body."""
    video_id: str
    expires_at: datetime
    owner: str | None = None
    """The owner of the video. Each owner has keys of its own."""


class Catalog(Protocol):
    """The records of all videos. Every method may raise `CatalogUnavailable`.

    Where a method takes an `owner`, it finds only records of this owner, for `None` only those
    without one, and for `ALL_OWNERS` all records.
    """

    @property
    def usage(self) -> OwnerUsage:
        """The use of each owner's quota.

        The catalog gives a video's part back when it removes the record, or saves that the video
        does not count any more.
        """

    @property
    def owner_data(self) -> OwnerData:
        """All records of each owner."""

    @property
    def receivers(self) -> Receivers:
        """The receivers of webhooks."""

    @property
    def deliveries(self) -> DeliveryLog:
        """The log of webhook deliveries."""

    def ensure_schema(self) -> bool:
        """Prepare a new database. Return `False` for one that needs `clipo migrate`."""

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        """Insert a new, pending video; `False` if its id is taken."""

    def get(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> Video | None:
        """Return one video, or `None` if there is none."""

    def get_public(self, video_id: str) -> Video | None:
        """Return one public video of any owner, or `None` if there is none."""

    def page(
        self,
        selection: Selection = EVERY_VIDEO,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None = None,
        limit: int,
    ) -> list[Video]:
        """Return up to `limit` videos of a selection, in its order, after a position in it."""

    def count_by_status(self, *, owner: str | None, limit: int) -> dict[Status, int]:
        """Return the number of videos of each status. No number is above `limit`."""

    def count(
        self, selection: Selection, *, owner: str | None, after: str | None, limit: int
    ) -> int:
        """Return the number of videos of a selection after a position, `limit` at most.

        A selection with a search has no count.
        """

    def count_replays_awaited(self, *, limit: int) -> int:
        """Return the number of pending videos for which Clipo has sent an event by itself."""

    def has_pending(self, count: int, *, owner: str | None) -> bool:
        """Tell whether at least `count` videos are pending."""

    def save(self, seen: Video, new: Video) -> Video | None:
        """Write the difference if the record is still as it was seen; else return `None`.

        The returned video is `new` with the record's new version.
        """

    def new_webhook(self, *, due_at: datetime) -> Webhook | None:
        """Return the webhook of a result that is about to be saved; `None` if webhooks are off."""

    def discard(self, seen: Video) -> bool:
        """Remove a record if it is still as it was seen, and leave a tombstone."""

    def delete(
        self,
        video_id: str,
        *,
        owner: str | None = ALL_OWNERS,
        purge: bool = False,
        seen: Video | None = None,
    ) -> DeletedVideo | None:
        """Remove a video whatever its status, free its idempotency key, and leave a tombstone.

        Safe to repeat: returns the tombstone again, and `purge` stays set. `None` if there was no
        such video, or if its tombstone has expired.

        With `seen` it only removes a record that is still as it was seen, and returns `None`
        otherwise.
        """

    def deleted(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> DeletedVideo | None:
        """Return a video's tombstone; `None` if it was not deleted, or long ago."""

    def deleted_among(self, video_ids: Iterable[str]) -> list[DeletedVideo]:
        """Return the tombstones of those of the ids that have one and no record."""

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of an idempotency key: the given one if there is no other."""

    def first_use(self, use: KeyUse) -> KeyUse | None:
        """Return the first use of the same idempotency key, `None` if there is none any more."""

    def free_key(self, use: KeyUse) -> None:
        """Remove an idempotency key, unless its first use was another."""

    def unfinished(self, *, before: datetime) -> Iterator[Video]:
        """Yield the unfinished videos that an event could claim before a moment, oldest first."""

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos whose webhook was due before a moment, oldest first."""

    def results(self, *, owner: str | None, after: str, limit: int) -> list[Video]:
        """Return up to `limit` videos whose webhook's id is later than one, the earliest first."""

    def orphaned_since(self, video_ids: Iterable[str], *, now: datetime) -> dict[str, datetime]:
        """Return those of the ids that have no video, each with the first time it was found so.

        That time is `now` for an id that had a video at the last search, and for an id that this
        database does not remember, for example after a restore.
        """

    def expired(self, video_ids: Iterable[str]) -> list[Video]:
        """Return those of the videos whose upload has expired, and whose record will go."""

    def search(self) -> Search | None:
        """Return how far the search for orphaned objects has come."""

    def save_search(self, search: Search) -> None:
        """Store how far the search for orphaned objects has come."""


def change(
    catalog: Catalog,
    seen: Video,
    rule: Callable[[Video], Move],
    *,
    owner: str | None = ALL_OWNERS,
) -> Move:
    """Apply a rule to a record, save the result, and return it with its new version.

    If another writer was faster, read the record again and apply the rule to that. Raises
    `CatalogUnavailable`, also if other writers are faster many times in a row.
    """
    for _ in range(_TRIES):
        new = rule(seen)
        if isinstance(new, Refusal) or new == seen:
            return new
        if saved := catalog.save(seen, new):
            return saved
        fresh = catalog.get(seen.id, owner=owner)
        if fresh is None:
            return Refusal.UNKNOWN
        seen = fresh
    raise CatalogUnavailable("The record changes faster than it can be saved.")


def discard(catalog: Catalog, video: Video | None, *, owner: str | None = ALL_OWNERS) -> None:
    """Remove a video whose upload never began, unless an event has claimed it meanwhile."""
    while video and may_discard(video) and not catalog.discard(video):
        video = catalog.get(video.id, owner=owner)


def remove_objects_without_record(
    catalog: Catalog, remove: Callable[[DeletedVideo], None], video_id: str
) -> None:
    """Call `remove` for the objects of a video without a record, if the video was deleted.

    Any other record may only be missing, for example after a restore of the database: its objects
    stay, and the search for orphaned objects reports them (ADR 35).
    """
    if deleted := catalog.deleted(video_id):
        remove(deleted)
    else:
        logger().warning("object without a record", video_id=video_id)
