"""The catalog: one MongoDB document a video. The only module that speaks to MongoDB.

It knows no rule of a video's life: `core/lifecycle.py` says what a record becomes, and `save`
writes it by one `update_one` if the record is still as it was seen. Its matched count tells: that
is as atomic as `findAndModify`, and cheaper.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from os import urandom
from time import time_ns
from typing import Any, TypeAlias

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from functions.adapters.catalog import KeyUse, Search, UploadMethod
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import (
    ExpectedUpload,
    Failure,
    Lease,
    Media,
    Processing,
    Source,
    Status,
    Thumbnail,
    Video,
    Webhook,
)

Document: TypeAlias = dict[str, Any]

_SERVER_SELECTION_MS = 3000
_CONNECT_MS = 2000
_MAX_IDLE_MS = 60_000
_BATCH = 100
_LEFTOVERS_SEARCH = "leftovers"


class MongoCatalog:
    """The records of all videos. Every method may raise `CatalogUnavailable`."""

    def __init__(self, settings: CatalogSettings, *, pool_size: int, timeout_ms: int) -> None:
        """Hold the settings; the connection is made at the first use and then kept."""
        self._settings = settings
        self._pool_size = pool_size
        self._timeout_ms = timeout_ms

    @cached_property
    def _client(self) -> MongoClient[Document]:
        return MongoClient(
            self._settings.uri,
            maxPoolSize=self._pool_size,
            timeoutMS=self._timeout_ms,
            serverSelectionTimeoutMS=min(_SERVER_SELECTION_MS, self._timeout_ms),
            connectTimeoutMS=_CONNECT_MS,
            maxIdleTimeMS=_MAX_IDLE_MS,
            # A status that was acknowledged survives a crash of the server; and what is not found
            # is not there: a secondary, which the URI may prefer, can be behind.
            readPreference="primary",
            w="majority",
            journal=True,
            tz_aware=True,
            tzinfo=UTC,
        )

    @property
    def _videos(self) -> Collection[Document]:
        return self._client[self._settings.database].videos

    @property
    def _keys(self) -> Collection[Document]:
        return self._client[self._settings.database].idempotency_keys

    @property
    def _searches(self) -> Collection[Document]:
        return self._client[self._settings.database].searches

    def close(self) -> None:
        """Close the connections. A function never does: it keeps them for its next event."""
        self._client.close()

    def ensure_indexes(self) -> None:
        """Create the indexes that the queries below use. Safe to repeat."""
        with _unavailable_on_error():
            self._videos.create_index([("status", DESCENDING), ("_id", DESCENDING)])
            self._keys.create_index([("expires_at", ASCENDING)], expireAfterSeconds=0)
            self._keys.create_index([("video_id", ASCENDING)])
            self._videos.create_index([("status", ASCENDING), ("claimable_at", ASCENDING)])
            self._videos.create_index([("status", ASCENDING), ("upload.expires_at", ASCENDING)])
            # Of the few that are not delivered yet.
            self._videos.create_index([("webhook.due_at", ASCENDING)], sparse=True)

    def add(self, video: Video, *, method: UploadMethod = "POST") -> bool:
        """Insert a new, pending video; `False` where there is one with its id."""
        document = asdict(video)
        # Release 0.1 cannot read a record without it, and may run beside this release or after
        # a roll-back. Nothing reads it any more: the release after this one can leave it out.
        document["upload"]["method"] = method
        document["_id"] = ObjectId(document.pop("id"))
        # An empty sequencer is below every other: the first event is newer than nothing.
        document["source"] = {"sequencer": ""}
        with _unavailable_on_error():
            return _inserted(self._videos, _present(document))

    def discard(self, seen: Video) -> bool:
        """Remove a record if it is still as it was seen."""
        with _unavailable_on_error():
            return self._videos.delete_one(_as_seen(seen)).deleted_count == 1

    def get(self, video_id: str) -> Video | None:
        """Return one video, or `None` where there is none."""
        with _unavailable_on_error():
            document = self._videos.find_one({"_id": ObjectId(video_id)})
        return _video(document) if document else None

    def page(self, *, status: Status | None, before: str | None, limit: int) -> list[Video]:
        """Return up to `limit` videos, newest first, of those older than the id `before`.

        Ids begin with their second of creation, so their order is the order of creation,
        and MongoDB's own index on `_id` serves it.
        """
        condition: Document = {}
        if status:
            condition["status"] = status
        if before:
            condition["_id"] = {"$lt": ObjectId(before)}
        with _unavailable_on_error():
            found = self._videos.find(condition).sort("_id", DESCENDING).limit(limit)
            return [_video(document) for document in found]

    def save(self, seen: Video, new: Video) -> Video | None:
        """Write the difference if the record is still as it was seen; else return `None`."""
        new = replace(new, version=seen.version + 1)
        with _unavailable_on_error():
            updated = self._videos.update_one(_as_seen(seen), _difference(seen, new))
        return new if updated.matched_count else None

    def new_webhook(self, *, due_at: datetime) -> Webhook | None:
        """Return the webhook of a result that is about to be saved; `None` if webhooks are off."""
        if not self._settings.webhooks_on:
            return None
        return Webhook(id=f"msg_{urandom(12).hex()}", due_at=due_at)

    def delete(self, video_id: str) -> None:
        """Remove a video whatever its status, and free its idempotency key. Safe to repeat."""
        with _unavailable_on_error():
            # First, so that whoever adds a video for the key can see that it is too late (ADR 12).
            self._keys.delete_one({"video_id": video_id})
            self._videos.delete_one({"_id": ObjectId(video_id)})

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of this idempotency key: the given one where there is no other.

        Of requests that race one inserts it, and the others find it: keys are their `_id`.
        """
        document = asdict(use)
        document["_id"] = document.pop("key")
        with _unavailable_on_error():
            if _inserted(self._keys, document):
                return use
            first = self._keys.find_one({"_id": use.key})
        if first is None:
            raise CatalogUnavailable("The idempotency key has lapsed at this moment.")
        return KeyUse(**_known_fields(KeyUse, first | {"key": first["_id"]}))

    def names(self, key: str, video_id: str) -> bool:
        """Tell whether an idempotency key still stands for a video."""
        with _unavailable_on_error():
            return self._keys.find_one({"_id": key, "video_id": video_id}) is not None

    # What the clean-up asks for. Its queries have no condition besides their index.

    def overdue(self, *, before: datetime) -> Iterator[Video]:
        """Yield the pending videos whose upload window ended before a moment."""
        return self._matching(
            {"status": Status.PENDING, "upload.expires_at": {"$lt": before}},
        )

    def lapsed(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos in processing whose lease ended before a moment."""
        return self._matching({"status": Status.PROCESSING, "claimable_at": {"$lt": before}})

    def undelivered(self, *, before: datetime) -> Iterator[Video]:
        """Yield the videos whose receiver was due to be told before a moment, oldest first."""
        return self._matching({"webhook.due_at": {"$lt": before}})

    def _matching(self, condition: Document) -> Iterator[Video]:
        with _unavailable_on_error():
            for document in self._videos.find(condition, batch_size=_BATCH):
                yield _video(document)

    def known(self, video_ids: Iterable[str]) -> set[str]:
        """Return those ids of which there are videos. Reads the index only."""
        wanted = [ObjectId(video_id) for video_id in video_ids]
        with _unavailable_on_error():
            return {
                str(found["_id"])
                for found in self._videos.find({"_id": {"$in": wanted}}, {"_id": True})
            }

    def search(self) -> Search | None:
        """Return how far the search for objects without a video has come."""
        with _unavailable_on_error():
            found = self._searches.find_one({"_id": _LEFTOVERS_SEARCH})
        return Search(**_known_fields(Search, found)) if found else None

    def save_search(self, search: Search) -> None:
        """Remember how far it has come."""
        with _unavailable_on_error():
            self._searches.replace_one({"_id": _LEFTOVERS_SEARCH}, asdict(search), upsert=True)


def _inserted(collection: Collection[Document], document: Document) -> bool:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _present(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def new_video_id() -> str:
    """Return a new id: an ObjectId in hex, which begins with the time of its creation.

    Seconds in 4 bytes, 2^-24 of them in 3, and 5 by chance. PyMongo's own count up from what a
    process drew at its start: all that SnapStart makes of one snapshot would give the same ones.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    """
    seconds, nanoseconds = divmod(time_ns(), 10**9)
    fraction = (nanoseconds << 24) // 10**9
    return (seconds.to_bytes(4) + fraction.to_bytes(3) + urandom(5)).hex()


def is_video_id(text: str) -> bool:
    """Tell whether a text from outside can be an id at all."""
    return ObjectId.is_valid(text)


def _as_seen(seen: Video) -> Document:
    """Match a record that has not changed since it was read.

    Every change raises the version. Functions of release 0.1, which may run beside these, do not:
    what they change is matched, too, for this release.
    """
    return {
        "_id": ObjectId(seen.id),
        # Release 0.1 wrote none, and `None` matches that.
        "version": seen.version or None,
        "status": seen.status,
        "updated_at": seen.updated_at,
        "upload.expires_at": seen.upload.expires_at,
        # Empty until the first claim.
        "source.sequencer": seen.source.sequencer if seen.source else "",
        "webhook.due_at": seen.webhook.due_at if seen.webhook else None,
    }


def _difference(seen: Video, new: Video) -> Document:
    """Return the update that makes one record of the other, and leaves unknown fields alone."""
    before, after = _fields(seen), _fields(new)
    written = {
        name: value for name, value in after.items() if name not in before or before[name] != value
    }
    gone = {
        name.partition(".")[0] if getattr(new, name.partition(".")[0]) is None else name
        for name in before.keys() - after.keys()
    }
    change: Document = {"$set": written}
    if gone:
        change["$unset"] = dict.fromkeys(sorted(gone), "")
    return change


def _fields(video: Video) -> Document:
    """Return what a record holds, by dotted names."""
    found: Document = {}
    for name, value in asdict(video).items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": one for inner, one in _stored(_NESTED[name], value)}
        elif value is not None:
            found[name] = value
    return found


def _stored(of: type[Any], value: Document) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a nested object: `None` too, where no release reads it without them."""
    for field in fields(of):
        if value[field.name] is not None or field.default is MISSING:
            yield field.name, value[field.name]


_NESTED: dict[str, type[Any]] = {
    "upload": ExpectedUpload,
    "source": Source,
    "lease": Lease,
    "media": Media,
    "thumbnail": Thumbnail,
    "processing": Processing,
    "error": Failure,
    "webhook": Webhook,
}


def _video(document: Document) -> Video:
    known = _known_fields(Video, document) | {
        "id": str(document["_id"]),
        "status": Status(document["status"]),
        # Until the first claim there is only the empty sequencer that `add` wrote.
        "source": document["source"] if "etag" in document["source"] else None,
    }
    for name, nested in _NESTED.items():
        if known.get(name):
            known[name] = nested(**_known_fields(nested, known[name]))
    return Video(**known)


def _known_fields(of: type[Any], document: Document) -> Document:
    """Leave out what a newer release may have written, so that a roll-back can read it."""
    return {f.name: document[f.name] for f in fields(of) if f.name in document}


@contextmanager
def _unavailable_on_error() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise CatalogUnavailable(f"MongoDB: {type(error).__name__}") from error
