"""Reads and removes all that MongoDB has of one owner.

Add every new collection that has owners' names to `_kinds` and to docs/privacy.md.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.database import Database

from functions.adapters.mongo.documents import deleted_video_from
from functions.adapters.owner_data import Forgotten, StoredRecord
from functions.core.clock import rfc3339
from functions.core.video import DeletedVideo

_SECRETS = {"hash"}


class MongoOwnerData:
    """The records of each owner."""

    def __init__(self, database: Callable[[], AbstractContextManager[Database[Any]]]) -> None:
        """Take a function that opens the database, and raises `CatalogUnavailable`."""
        self._database = database

    def records(
        self, owner: str, *, after: tuple[str, str] | None, limit: int
    ) -> list[StoredRecord]:
        """Return up to `limit` records that follow the one with this kind and id."""
        kinds = _kinds(owner)
        names = list(kinds)
        first = names.index(after[0]) if after else 0
        found: list[StoredRecord] = []
        with self._database() as database:
            for kind in names[first:]:
                condition = dict(kinds[kind])
                if after and kind == after[0]:
                    condition = {"$and": [condition, {"_id": {"$gt": _id(kind, after[1])}}]}
                documents = database[kind].find(condition).sort("_id", ASCENDING)
                found += [_record(kind, one) for one in documents.limit(limit - len(found))]
                if len(found) == limit:
                    break
        return found

    def tombstones(self, owner: str, *, limit: int) -> list[DeletedVideo]:
        """Return up to `limit` tombstones of an owner's deleted videos."""
        with self._database() as database:
            found = database.deleted_videos.find({"owner": owner}).limit(limit)
            return [deleted_video_from(one) for one in found]

    def forget_owner_of(self, tombstone: DeletedVideo) -> None:
        """Remove the owner's name from a tombstone."""
        with self._database() as database:
            database.deleted_videos.update_one(
                {"_id": ObjectId(tombstone.id)}, {"$unset": {"owner": ""}}
            )

    def forget(self, owner: str) -> Forgotten:
        """Remove an owner's idempotency keys, quota counter and webhook deliveries."""
        kinds = _kinds(owner)
        with self._database() as database:
            keys = database.idempotency_keys.delete_many(kinds["idempotency_keys"])
            counters = database.owner_usage.delete_many(kinds["owner_usage"])
            database.webhook_deliveries.delete_many(kinds["webhook_deliveries"])
        return Forgotten(keys.deleted_count, counters.deleted_count)


def _kinds(owner: str) -> dict[str, dict[str, Any]]:
    """Return the collections with records of an owner, each with the condition that finds them."""
    return {
        "videos": {"owner": owner},
        "deleted_videos": {"owner": owner},
        # The id is the owner, a space and the key. The character after the space is "!".
        "idempotency_keys": {"_id": {"$gte": f"{owner} ", "$lt": f"{owner}!"}},
        "owner_usage": {"_id": owner},
        "api_keys": {"owner": owner},
        "webhook_receivers": {"owner": owner},
        "webhook_deliveries": {"owner": owner},
    }


def _id(kind: str, text: str) -> Any:
    return ObjectId(text) if kind in ("videos", "deleted_videos") else text


def _record(kind: str, document: dict[str, Any]) -> StoredRecord:
    fields = {name: _plain(value) for name, value in document.items() if name not in _SECRETS}
    return StoredRecord(kind, fields.pop("_id"), fields)


def _plain(value: Any) -> Any:
    """Return a value of MongoDB as JSON has it."""
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return list(map(_plain, value)) if isinstance(value, list) else value
