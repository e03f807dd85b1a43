"""The counters of quotas: one MongoDB document for each owner, beside the videos.

A reservation is one `update_one` with the limits as its condition, so that parallel ones never
exceed them. Record and counter change one after the other, without a transaction: a crash between
the two leaves the counter too high, and the recount of upkeep corrects that (ADR 46).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from functions.adapters.telemetry import logger
from functions.core.clock import utc_now
from functions.core.quotas import Quota, Usage
from functions.core.unavailable import CatalogUnavailable

_NO_OWNER = "$none"
"""The counter of the videos without an owner. No owner has this name."""

_EVERY = timedelta(days=1)
"""The time between two recounts of one counter."""

_CONFIRMED_AFTER = timedelta(minutes=2)
"""The time after which a second count has to find the same difference. It outlasts every request,
so that a request between its two writes does not pass for a difference."""

_PAGE = 10_000
"""The records that one query counts: within the time limit of a function's client."""

_BATCH = 1000


class MongoUsage:
    """The counters of all owners."""

    def __init__(self, database: Callable[[], AbstractContextManager[Database[Any]]]) -> None:
        """Take a function that opens the database, and raises `CatalogUnavailable`."""
        self._database = database

    def get(self, owner: str | None) -> Usage:
        """Return the use of an owner's quota."""
        with self._database() as database:
            found = database.owner_usage.find_one({"_id": _counter(owner)})
            return _usage(found) if found else _count_page(database, owner, None)[0]

    def reserve(self, owner: str | None, size: int, quota: Quota) -> bool:
        """Count a video before its record is saved; `False` if it does not fit in the quota."""
        if not quota.is_set:
            self.charge(owner, size)
            return True
        fits: dict[str, Any] = {"_id": _counter(owner)}
        if quota.videos is not None:
            fits["videos"] = {"$lte": quota.videos - 1}
        if quota.bytes is not None:
            fits["bytes"] = {"$lte": quota.bytes - size}
        with self._database() as database:
            if _add(database, fits, 1, size):
                return True
            if not database.owner_usage.find_one({"_id": _counter(owner)}, {"_id": True}):
                _open(database, owner)
            # Another request may have opened the counter since the first attempt.
            return _add(database, fits, 1, size)

    def charge(self, owner: str | None, size: int) -> None:
        """Count a video whether it fits in the quota or not, if its owner has a counter."""
        with self._database() as database:
            _add(database, {"_id": _counter(owner)}, 1, size)

    def give_back(self, owner: str | None, size: int) -> None:
        """Subtract a video, if its owner has a counter. Logs an error, and raises none."""
        try:
            with self._database() as database:
                _add(database, {"_id": _counter(owner)}, -1, -size)
        except CatalogUnavailable:
            # The record is saved, and the recount corrects the counter.
            logger().warning("quota not given back", owner=owner, exc_info=True)

    def due(self, now: datetime) -> list[str]:
        """Return the ids of counters that are due for a recount, the longest due first."""
        with self._database() as database:
            found = database.owner_usage.find({"recount_at": {"$lte": now}}, {"_id": True})
            return [one["_id"] for one in found.sort("recount_at", ASCENDING).limit(_BATCH)]

    def recount(self, counter: str, now: datetime) -> bool:
        """Compare a counter with the records; return whether it has been corrected.

        Two counts in a row have to find the same difference. The counter of an owner without videos
        is removed.
        """
        with self._database() as database:
            found = database.owner_usage.find_one({"_id": counter})
            if found is None:
                return False
            seen, counted = _usage(found), _count(database, _owner(counter))
            unchanged = {"_id": counter, **asdict(seen)}
            if seen == counted == Usage():
                database.owner_usage.delete_one(unchanged)
                return False
            difference = asdict(Usage(counted.videos - seen.videos, counted.bytes - seen.bytes))
            if seen != counted and found.get("difference") != difference:
                checked = {"difference": difference, "recount_at": now + _CONFIRMED_AFTER}
                database.owner_usage.update_one(unchanged, {"$set": checked})
                return False
            corrected = {"$set": {**asdict(counted), "recount_at": now + _EVERY}}
            corrected["$unset"] = {"difference": ""}
            saved = database.owner_usage.update_one(unchanged, corrected).matched_count == 1
            return saved and seen != counted


def _counter(owner: str | None) -> str:
    return _NO_OWNER if owner is None else owner


def _owner(counter: str) -> str | None:
    return None if counter == _NO_OWNER else counter


def _usage(document: dict[str, Any]) -> Usage:
    return Usage(document["videos"], document["bytes"])


def _add(database: Database[Any], condition: dict[str, Any], videos: int, size: int) -> bool:
    added = {"$inc": {"videos": videos, "bytes": size}}
    return database.owner_usage.update_one(condition, added).matched_count == 1


def _open(database: Database[Any], owner: str | None) -> None:
    """Insert the counter of an owner, unless another request has done so.

    Its earlier videos count, too: the first `_PAGE` at once, the others from the recount on.
    """
    usage, _ = _count_page(database, owner, None)
    counter = {"_id": _counter(owner), **asdict(usage), "recount_at": utc_now()}
    with suppress(DuplicateKeyError):
        database.owner_usage.insert_one(counter)


def _count(database: Database[Any], owner: str | None) -> Usage:
    videos, size, last = 0, 0, None
    while True:
        page, last = _count_page(database, owner, last)
        videos, size = videos + page.videos, size + page.bytes
        if page.videos < _PAGE:
            return Usage(videos, size)


def _count_page(database: Database[Any], owner: str | None, after: Any) -> tuple[Usage, Any]:
    """Count up to `_PAGE` videos of an owner by their ids; return also the last id."""
    counted: dict[str, Any] = {"owner": owner, "charged": {"$ne": False}}
    if after is not None:
        counted["_id"] = {"$gt": after}
    sums = {"videos": {"$sum": 1}, "bytes": {"$sum": "$declared_size"}, "last": {"$max": "$_id"}}
    found = database.videos.aggregate(
        [
            {"$match": counted},
            {"$sort": {"_id": 1}},
            {"$limit": _PAGE},
            {"$group": {"_id": None, **sums}},
        ]
    )
    for page in found:
        return _usage(page), page["last"]
    return Usage(), after
