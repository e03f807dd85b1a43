"""The database's indexes and its schema version, and the migration of an older database.

Upkeep prepares a new database by itself. `clipo migrate` migrates an older one: that may take
longer than a function may run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeAlias

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle.stuck import EXPIRED_KEPT
from functions.core.listing import name_key
from functions.core.video import Status

VERSION = 3
"""The schema version of this release. Release 0.1 had version 1, and did not record it."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""A function that receives the current step, its completed items and their total number."""

_ID = "schema"
_BATCH = 1000
_UNVERSIONED = {"version": {"$exists": False}}
_WITHOUT_KEY = {"name_key": {"$exists": False}}
_EXPIRED = {"status": Status.FAILED.value, "error.code": UPLOAD_EXPIRED.code.value}
_INDEXES = {
    "videos": [
        IndexModel([("status", DESCENDING), ("_id", DESCENDING)]),
        # Each owner's lists, of all statuses and of one.
        IndexModel([("owner", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("owner", DESCENDING), ("status", DESCENDING), ("_id", DESCENDING)]),
        # Lists in the order of the names, and searches for the start of one.
        IndexModel([("name_key", ASCENDING)]),
        IndexModel([("owner", DESCENDING), ("name_key", ASCENDING)]),
        # Lists and searches by passthrough.
        IndexModel([("passthrough", ASCENDING), ("_id", DESCENDING)]),
        IndexModel([("owner", DESCENDING), ("passthrough", ASCENDING), ("_id", DESCENDING)]),
        # Retries of the videos that have failed with a code.
        IndexModel(
            [("error.code", ASCENDING), ("_id", DESCENDING)],
            partialFilterExpression={"status": Status.FAILED.value},
        ),
        # Only unfinished videos have this field.
        IndexModel([("claimable_at", ASCENDING)], sparse=True),
        # Only videos whose webhook is not delivered yet have this one.
        IndexModel([("webhook.due_at", ASCENDING)], sparse=True),
        # The list of events. Only results that were saved with webhooks on have this one.
        IndexModel([("webhook.id", ASCENDING)], sparse=True),
        # MongoDB removes expired announcements. The filter protects a video that release 0.1 has
        # started again: that release leaves `remove_at` on the record.
        IndexModel(
            [("remove_at", ASCENDING)], expireAfterSeconds=0, partialFilterExpression=_EXPIRED
        ),
    ],
    "idempotency_keys": [
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("video_id", ASCENDING)]),
    ],
    "deleted_videos": [
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        # An erasure finds the tombstones of its owner.
        IndexModel([("owner", ASCENDING)], sparse=True),
    ],
    "webhook_deliveries": [
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("video_id", ASCENDING)]),
        IndexModel([("receiver", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("owner", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("status", DESCENDING), ("_id", DESCENDING)]),
    ],
    "picture_leases": [IndexModel([("until", ASCENDING)], expireAfterSeconds=0)],
    "owner_usage": [IndexModel([("recount_at", ASCENDING)])],
    "orphaned_objects": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
}
_OBSOLETE_INDEXES = ("status_1_claimable_at_1", "status_1_upload.expires_at_1")
"""Indexes of release 0.1's sweep on the videos."""

_OBSOLETE_SEARCH = "leftovers"
"""The `_id` of the progress of release 0.1's search for orphaned objects."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The changes that a migration has made."""

    records: int
    indexes_built: int
    indexes_dropped: int


def is_current(database: Database[Any]) -> bool:
    """Tell whether the database has this release's schema, or a newer one."""
    found = database.schema.find_one({"_id": _ID})
    return found is not None and found["version"] >= VERSION


def ensure(database: Database[Any]) -> bool:
    """Prepare a new database; return whether it has this schema.

    Only `migrate` changes an older one: an index build of many records outlasts the time limit of a
    function's client, and each run would begin it anew.
    """
    if is_current(database):
        return True
    if database.schema.find_one() or database.videos.find_one(_UNVERSIONED, {"_id": True}):
        return False
    migrate(database, lambda *_: None)
    return True


def migrate(database: Database[Any], progress: Progress) -> Migration:
    """Bring a database to this schema. Safe to repeat, and to interrupt at any time.

    Functions of this release and of release 0.1 may use the database meanwhile.
    """
    records = _complete(database.videos, progress) + _limit_expired(database.videos)
    before = _index_names(database)
    for done, (collection, indexes) in enumerate(_INDEXES.items()):
        progress("indexes", done, len(_INDEXES))
        database[collection].create_indexes(indexes)
    progress("indexes", len(_INDEXES), len(_INDEXES))
    built = _index_names(database) - before
    dropped = [name for name in _OBSOLETE_INDEXES if f"videos.{name}" in before]
    for name in dropped:
        database.videos.drop_index(name)
    database.searches.delete_one({"_id": _OBSOLETE_SEARCH})
    database.schema.update_one({"_id": _ID}, {"$max": {"version": VERSION}}, upsert=True)
    return Migration(records, indexes_built=len(built), indexes_dropped=len(dropped))


def _complete(videos: Collection[Any], progress: Progress) -> int:
    """Give each record of release 0.1 its first version and the key of its name.

    Returns the number of these records.
    """
    total, changed = videos.count_documents(_WITHOUT_KEY), 0
    progress("records", changed, total)
    for batch in _batches(videos):
        updates = [UpdateOne({"_id": one["_id"]}, _completion(one)) for one in batch]
        changed += videos.bulk_write(updates, ordered=False).modified_count
        progress("records", changed, max(changed, total))
    return changed


def _completion(document: dict[str, Any]) -> dict[str, Any]:
    """Return the update that completes a record of release 0.1.

    A function may have given it a version since it was read: `$max` keeps that one. The name of a
    video never changes.
    """
    key = name_key(document["filename"], str(document["_id"]))
    return {"$max": {"version": 1}, "$set": {"name_key": key}}


def _limit_expired(videos: Collection[Any]) -> int:
    """Have expired announcements of older releases removed; return the number of these records.

    The version rises, so that a function which has read a record before saves nothing over this.
    """
    never_uploaded = _EXPIRED | {"source.etag": {"$exists": False}}
    unlimited = never_uploaded | {"remove_at": {"$exists": False}}
    remove_at = datetime.now(UTC) + EXPIRED_KEPT
    update = {"$set": {"remove_at": remove_at}, "$inc": {"version": 1}}
    return videos.update_many(unlimited, update).modified_count


def _batches(videos: Collection[Any]) -> Iterator[list[Any]]:
    """Yield the ids and names of the records without a key, some at a time."""
    found = videos.find(_WITHOUT_KEY, {"filename": True}, batch_size=_BATCH)
    while batch := list(islice(found, _BATCH)):
        yield batch


def _index_names(database: Database[Any]) -> set[str]:
    return {
        f"{collection}.{name}"
        for collection in _INDEXES
        for name in database[collection].index_information()
        if name != "_id_"
    }
