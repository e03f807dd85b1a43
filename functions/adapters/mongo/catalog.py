"""The catalog: one MongoDB document for each video.

It has no rule about videos: `core/lifecycle/` decides what a record becomes. `save` writes that
by one `update_one`, whose condition is the record as it was seen, and whose matched count says
whether it was written. This is as atomic as `findAndModify`, and cheaper.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import itemgetter

from bson import ObjectId
from pymongo import DESCENDING, MongoClient, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from functions.adapters.catalog import TOMBSTONE_KEPT, KeyUse, Search, UploadMethod
from functions.adapters.mongo import listing, schema
from functions.adapters.mongo.deliveries import MongoDeliveries
from functions.adapters.mongo.documents import (
    Document,
    as_seen,
    deleted_video_from,
    difference,
    known_fields,
    owned_by,
    present,
    video_from,
)
from functions.adapters.mongo.ids import new_event_id
from functions.adapters.mongo.owner_data import MongoOwnerData
from functions.adapters.mongo.receivers import MongoReceivers
from functions.adapters.mongo.usage import MongoUsage
from functions.core.access import ALL_OWNERS
from functions.core.clock import utc_now
from functions.core.listing import EVERY_VIDEO, Selection, name_key
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import DeletedVideo, Status, Video, Visibility, Webhook

_SERVER_SELECTION_MS = 3000
_CONNECT_MS = 2000
_MAX_IDLE_MS = 60_000
_BATCH = 100
_SEARCH = "orphaned objects"
_ORPHAN_FORGOTTEN = timedelta(days=30)
"""The time after which the catalog forgets orphaned objects that no search has seen again."""


class MongoCatalog:
    """The records of all videos. Every method may raise `CatalogUnavailable`."""

    def __init__(self, settings: CatalogSettings, *, pool_size: int, timeout_ms: int) -> None:
        """Store the settings. The catalog connects at its first use, and stays connected.

        `timeout_ms` limits each call; 0 sets no limit.
        """
        self._settings = settings
        self._pool_size = pool_size
        self._timeout_ms = timeout_ms
        self.usage = MongoUsage(self.database)
        self.owner_data = MongoOwnerData(self.database)
        self.receivers = MongoReceivers(self.database)
        self.deliveries = MongoDeliveries(self.database)

    @cached_property
    def _client(self) -> MongoClient[Document]:
        return MongoClient(
            self._settings.uri,
            maxPoolSize=self._pool_size,
            timeoutMS=self._timeout_ms,
            serverSelectionTimeoutMS=min(
                _SERVER_SELECTION_MS, self._timeout_ms or _SERVER_SELECTION_MS
            ),
            connectTimeoutMS=_CONNECT_MS,
            maxIdleTimeMS=_MAX_IDLE_MS,
            # A secondary, which the URI may prefer, can lag behind: it would not find new videos.
            readPreference="primary",
            # An acknowledged write survives a crash of the server.
            w="majority",
            journal=True,
            tz_aware=True,
            tzinfo=UTC,
        )

    @property
    def _database(self) -> Database[Document]:
        return self._client[self._settings.database]

    @contextmanager
    def database(self) -> Iterator[Database[Document]]:
        """Yield the database to the adapter of other records."""
        with _unavailable_on_error():
            yield self._database

    @property
    def _videos(self) -> Collection[Document]:
        return self._database.videos

    @property
    def _keys(self) -> Collection[Document]:
        return self._database.idempotency_keys

    @property
    def _deleted(self) -> Collection[Document]:
        return self._database.deleted_videos

    @property
    def _orphans(self) -> Collection[Document]:
        return self._database.orphaned_objects

    @property
    def _searches(self) -> Collection[Document]:
        return self._database.searches

    def close(self) -> None:
        """Close the connections. Functions do not: they keep them for the next event."""
        self._client.close()

    def ensure_schema(self) -> bool:
        """Prepare a new database. Return `False` for one that needs `clipo migrate`."""
        with _unavailable_on_error():
            return schema.ensure(self._database)

    def migrate(self, progress: schema.Progress) -> schema.Migration:
        """Bring the database to this release's schema. Safe to repeat."""
        with _unavailable_on_error():
            return schema.migrate(self._database, progress)

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        """Insert a new, pending video; `False` if its id is taken."""
        document = asdict(video)
        # Release 0.1 cannot read a record without its method, and may run beside this release, or
        # after a roll-back. The next release can leave it out: nothing else reads it.
        document["upload"]["method"] = method
        document["_id"] = ObjectId(document.pop("id"))
        document["name_key"] = name_key(video.filename, video.id)
        # Release 0.1 compares sequencers in MongoDB: the empty one is lower than every other.
        document["source"] = {"sequencer": ""}
        with _unavailable_on_error():
            return _insert(self._videos, present(document))

    def discard(self, seen: Video) -> bool:
        """Remove a record if it is still as it was seen, and leave a tombstone."""
        self._leave_tombstone(seen, purge=False)
        with _unavailable_on_error():
            removed = self._videos.delete_one(as_seen(seen)).deleted_count == 1
        if removed and seen.charged:
            self.usage.give_back(seen.owner, seen.declared_size)
        return removed

    def get(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> Video | None:
        """Return one video, or `None` if there is none."""
        with _unavailable_on_error():
            document = self._videos.find_one({"_id": ObjectId(video_id)} | owned_by(owner))
        return video_from(document) if document else None

    def get_public(self, video_id: str) -> Video | None:
        """Return one public video of any owner, or `None` if there is none."""
        with _unavailable_on_error():
            document = self._videos.find_one(
                {"_id": ObjectId(video_id), "visibility": Visibility.PUBLIC}
            )
        return video_from(document) if document else None

    def page(
        self,
        selection: Selection = EVERY_VIDEO,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None = None,
        limit: int,
    ) -> list[Video]:
        """Return up to `limit` videos of a selection, in its order, after a position in it."""
        field, direction = listing.ORDERS[selection.order]
        found: dict[ObjectId, Document] = {}
        with _unavailable_on_error():
            for condition in listing.conditions(selection, after):
                matching = self._videos.find(condition | owned_by(owner))
                for document in matching.sort(field, direction).limit(limit):
                    found[document["_id"]] = document
        newest_first = direction == DESCENDING
        documents = sorted(found.values(), key=itemgetter(field), reverse=newest_first)
        return [video_from(document) for document in documents[:limit]]

    def count_by_status(self, *, owner: str | None, limit: int) -> dict[Status, int]:
        """Return the number of videos of each status. No number is above `limit`."""
        with _unavailable_on_error():
            return {
                status: self._videos.count_documents(
                    owned_by(owner) | {"status": status}, limit=limit
                )
                for status in Status
            }

    def count(
        self, selection: Selection, *, owner: str | None, after: str | None, limit: int
    ) -> int:
        """Return the number of videos of a selection after a position, `limit` at most.

        A selection with a search has no count.
        """
        (condition,) = listing.conditions(selection, after)
        with _unavailable_on_error():
            return self._videos.count_documents(condition | owned_by(owner), limit=limit)

    def count_replays_awaited(self, *, limit: int) -> int:
        """Return the number of pending videos for which Clipo has sent an event by itself."""
        awaited = {"status": Status.PENDING, "replays": {"$gt": 0}}
        with _unavailable_on_error():
            return self._videos.count_documents(awaited, limit=limit)

    def has_pending(self, count: int, *, owner: str | None) -> bool:
        """Tell whether at least `count` videos are pending. Reads that many at most, by an index.

        For videos without an owner it reads the documents, too: an index cannot tell a missing
        field from `null`.
        """
        with _unavailable_on_error():
            pending = owned_by(owner) | {"status": Status.PENDING}
            return self._videos.count_documents(pending, limit=count) >= count

    def save(self, seen: Video, new: Video) -> Video | None:
        """Write the difference if the record is still as it was seen; else return `None`."""
        new = replace(new, version=seen.version + 1)
        with _unavailable_on_error():
            updated = self._videos.update_one(as_seen(seen), difference(seen, new))
        if not updated.matched_count:
            return None
        if seen.charged and not new.charged:
            self.usage.give_back(seen.owner, seen.declared_size)
        return new

    def new_webhook(self, *, due_at: datetime) -> Webhook | None:
        """Return the webhook of a result that is about to be saved; `None` if webhooks are off."""
        if not self._settings.webhooks_on:
            return None
        return Webhook(id=new_event_id(), due_at=due_at)

    def delete(
        self,
        video_id: str,
        *,
        owner: str | None = ALL_OWNERS,
        purge: bool = False,
        seen: Video | None = None,
    ) -> DeletedVideo | None:
        """Remove a video whatever its status, free its idempotency key, and leave a tombstone.

        With `seen` it only removes a record that is still as it was seen.
        """
        video = self.get(video_id, owner=owner)
        if seen and video != seen:
            return None
        if video:
            # The tombstone first: a worker that finds no record must find it (ADR 35). Beside a
            # record that has changed in this moment it has no effect.
            tombstone = self._leave_tombstone(video, purge=purge)
            removed = self._remove(video.id, seen)
            return tombstone if removed or not seen else None
        deleted = self.deleted(video_id, owner=owner)
        if deleted and purge and not deleted.purge:
            return self._leave_tombstone(deleted, purge=True)
        return deleted

    def _leave_tombstone(self, of: Video | DeletedVideo, *, purge: bool) -> DeletedVideo:
        """Store a tombstone. Its times are the clock's, because MongoDB's expires it by its own."""
        now = utc_now()
        tombstone = DeletedVideo(of.id, now, now + TOMBSTONE_KEPT, of.owner, purge)
        document = present(asdict(tombstone))
        found = {"_id": ObjectId(document.pop("id"))}
        if not purge:
            # An earlier delete, which ended half-way, may have set it.
            del document["purge"]
        with _unavailable_on_error():
            self._deleted.update_one(found, {"$set": document}, upsert=True)
        return tombstone

    def _remove(self, video_id: str, seen: Video | None) -> bool:
        """Remove a record, with `seen` if it is still as it was seen; tell whether it was."""
        condition = as_seen(seen) if seen else {"_id": ObjectId(video_id)}
        with _unavailable_on_error():
            # The key first, so that a request that adds a video for it sees the delete (ADR 12).
            self._keys.delete_one({"video_id": video_id})
            removed = self._videos.find_one_and_delete(
                condition, {"owner": 1, "declared_size": 1, "charged": 1}
            )
        if removed and removed.get("charged", True):
            self.usage.give_back(removed.get("owner"), removed["declared_size"])
        return removed is not None

    def deleted(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> DeletedVideo | None:
        """Return a video's tombstone; `None` if it was not deleted, or long ago."""
        with _unavailable_on_error():
            found = self._deleted.find_one({"_id": ObjectId(video_id)} | owned_by(owner))
        return deleted_video_from(found) if found else None

    def deleted_among(self, video_ids: Iterable[str]) -> list[DeletedVideo]:
        """Return the tombstones of those of the ids that have one and no record."""
        wanted = [ObjectId(video_id) for video_id in video_ids]
        with _unavailable_on_error():
            # A delete writes the tombstone first, so a record that is missing now is deleted.
            found = {one["_id"]: one for one in self._deleted.find({"_id": {"$in": wanted}})}
            known = self._videos.find({"_id": {"$in": list(found)}}, {"_id": True})
            for one in known if found else ():
                del found[one["_id"]]
        return [deleted_video_from(one) for one in found.values()]

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of an idempotency key: the given one if there is no other.

        The key is the document's `_id`: of requests that race, one inserts it, and the others find
        that one.
        """
        document = asdict(use) | {"_id": _key_id(use)}
        del document["key"], document["owner"]
        with _unavailable_on_error():
            if _insert(self._keys, document):
                return use
        first = self.first_use(use)
        if first is None:
            raise CatalogUnavailable("The idempotency key expired at this moment.")
        return first

    def first_use(self, use: KeyUse) -> KeyUse | None:
        """Return the first use of the same idempotency key, `None` if there is none any more."""
        with _unavailable_on_error():
            found = self._keys.find_one({"_id": _key_id(use)})
        if found is None:
            return None
        return KeyUse(**known_fields(KeyUse, found | {"key": use.key, "owner": use.owner}))

    def free_key(self, use: KeyUse) -> None:
        """Remove an idempotency key, unless its first use was another."""
        with _unavailable_on_error():
            self._keys.delete_one({"_id": _key_id(use), "video_id": use.video_id})

    # Queries of upkeep and webhooks. Each reads one range of a sparse index, and nothing else.

    def unfinished(self, *, before: datetime) -> Iterator[Video]:
        """Yield the unfinished videos that an event could claim before a moment, oldest first."""
        condition: Document = {"claimable_at": {"$lt": before}}
        with _unavailable_on_error():
            if not schema.is_current(self._database):
                # Release 0.1's index on `claimable_at` begins with the status.
                condition["status"] = {"$in": [Status.PENDING, Status.PROCESSING]}
        return self._matching(condition, order="claimable_at")

    def count_claimable(self, *, before: datetime, limit: int) -> int:
        """Return the number of videos that `unfinished` yields, at most `limit`."""
        with _unavailable_on_error():
            return self._videos.count_documents({"claimable_at": {"$lt": before}}, limit=limit)

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos whose webhook was due before a moment, oldest first."""
        return self._matching({"webhook.due_at": {"$lt": before}}, order="webhook.due_at")

    def results(self, *, owner: str | None, after: str, limit: int) -> list[Video]:
        """Return up to `limit` videos whose webhook's id is later than one, the earliest first.

        It reads the results of all owners after that id.
        """
        condition = {"webhook.id": {"$gt": after}} | owned_by(owner)
        with _unavailable_on_error():
            found = self._videos.find(condition).sort("webhook.id").limit(limit)
            return [video_from(document) for document in found]

    def _matching(self, condition: Document, *, order: str = "_id") -> Iterator[Video]:
        with _unavailable_on_error():
            for document in self._videos.find(condition, batch_size=_BATCH).sort(order):
                yield video_from(document)

    def orphaned_since(self, video_ids: Iterable[str], *, now: datetime) -> dict[str, datetime]:
        """Return those of the ids that have no video, each with the first time it was found so."""
        wanted = {ObjectId(video_id) for video_id in video_ids}
        with _unavailable_on_error():
            videos = self._videos.find({"_id": {"$in": list(wanted)}}, {"_id": True})
            known = [found["_id"] for found in videos]
            self._orphans.delete_many({"_id": {"$in": known}})
            orphans = list(wanted.difference(known))
            if orphans:
                self._orphans.bulk_write([_sighting(one, now) for one in orphans], ordered=False)
            found = self._orphans.find({"_id": {"$in": orphans}})
            return {str(one["_id"]): one["first_seen_at"] for one in found}

    def expired(self, video_ids: Iterable[str]) -> list[Video]:
        """Return those of the videos whose upload has expired, and whose record will go."""
        wanted = [ObjectId(video_id) for video_id in video_ids]
        condition: Document = {"_id": {"$in": wanted}, "remove_at": {"$exists": True}}
        return list(self._matching(condition))

    def search(self) -> Search | None:
        """Return how far the search for orphaned objects has come."""
        with _unavailable_on_error():
            found = self._searches.find_one({"_id": _SEARCH})
        return Search(**known_fields(Search, found)) if found else None

    def save_search(self, search: Search) -> None:
        """Store how far the search for orphaned objects has come."""
        with _unavailable_on_error():
            self._searches.replace_one({"_id": _SEARCH}, asdict(search), upsert=True)


def _sighting(video_id: ObjectId, now: datetime) -> UpdateOne:
    """Return the update that records objects without a record."""
    return UpdateOne(
        {"_id": video_id},
        {
            "$setOnInsert": {"first_seen_at": now},
            "$set": {"expires_at": now + _ORPHAN_FORGOTTEN},
        },
        upsert=True,
    )


def _insert(collection: Collection[Document], document: Document) -> bool:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _key_id(use: KeyUse) -> str:
    """Return the id of an idempotency key's record.

    Neither an owner nor a key contains a space. A key without an owner has the id that release 0.1
    gives it, so that the two releases find each other's.
    """
    return use.key if use.owner is None else f"{use.owner} {use.key}"


@contextmanager
def _unavailable_on_error() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise CatalogUnavailable(f"MongoDB: {type(error).__name__}") from error
