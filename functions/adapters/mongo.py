"""The catalog: one MongoDB document a video. The only module that speaks to MongoDB.

Every step is one conditional `update_one`, judged by its matched count: as atomic as
`findAndModify`, and cheaper. `claimable_at` carries most of a claim's condition: the creation
while pending, the lease's end while processing, absent when finished.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cached_property
from os import urandom
from time import time_ns
from typing import Any, Literal, TypeAlias

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from functions.adapters.catalog import KeyUse, Search, UploadMethod
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import (
    MAX_ATTEMPTS,
    ExpectedUpload,
    Failure,
    Lease,
    Media,
    Processing,
    Source,
    Status,
    Thumbnail,
    UploadedObject,
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
        document["claimable_at"] = video.created_at
        with _unavailable_on_error():
            return _inserted(self._videos, _present(document))

    def discard(self, video_id: str) -> None:
        """Remove a video whose upload never began."""
        with _unavailable_on_error():
            self._videos.delete_one({"_id": ObjectId(video_id), "status": Status.PENDING})

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

    def claim(self, event: UploadedObject, lease: Lease, *, now: datetime) -> bool:
        """Take the lease on the event's video; `False` where it is not to be had.

        An unfinished video can be claimed by an event newer than what was claimed before, and by
        the same event while nobody has claimed, or when the lease has lapsed and attempts are
        left. A finished one only by `claim_finished`.
        """
        return (
            self._claim_newer(event, lease, now)
            or self._claim_open(event, lease, now)
            or self._note_order(event)
        )

    def claim_finished(
        self, seen: Video, event: UploadedObject, lease: Lease, *, now: datetime
    ) -> bool:
        """Take the lease on a finished video; `False` where it is not as it was seen.

        What was still to be told of that finish is not told any more.
        """
        claimed = _claimed(event, lease, now) | {"attempts": 1}
        return self._update(_as_seen(seen), {"$set": claimed, "$unset": {"webhook": ""}})

    def _claim_newer(self, event: UploadedObject, lease: Lease, now: datetime) -> bool:
        condition = _event_of(event) | {"claimable_at": {"$exists": True}}
        if event.source.sequencer:
            condition["source.sequencer"] = {"$lt": event.source.sequencer}
        else:
            condition["source.etag"] = {"$ne": event.source.etag}
        return self._update(condition, {"$set": _claimed(event, lease, now) | {"attempts": 1}})

    def _claim_open(self, event: UploadedObject, lease: Lease, now: datetime) -> bool:
        condition = _event_of(event) | {
            "claimable_at": {"$lte": now},
            "attempts": {"$lt": MAX_ATTEMPTS},
        }
        if event.source.sequencer:
            condition["source.sequencer"] = event.source.sequencer
        claimed = _claimed(event, lease, now)
        return self._update(condition, {"$set": claimed, "$inc": {"attempts": 1}})

    def _note_order(self, event: UploadedObject) -> Literal[False]:
        """Remember how late the bytes were written that a video is done with.

        An event of a write before this one is then known to be an older upload's.
        """
        if event.source.sequencer:
            condition = _event_of(event) | {
                "status": Status.DONE,
                "source.etag": event.source.etag,
                "source.sequencer": {"$lt": event.source.sequencer},
            }
            self._update(condition, {"$set": {"source.sequencer": event.source.sequencer}})
        return False

    def complete(
        self,
        video_id: str,
        lease: Lease,
        *,
        media: Media,
        thumbnail: Thumbnail,
        processing: Processing,
    ) -> bool:
        """Move to done; `False` where the lease is no longer ours."""
        found = {"media": asdict(media), "thumbnail": asdict(thumbnail)}
        return self._finish(
            video_id, lease, {"$set": {"status": Status.DONE} | found}, ["error"], processing
        )

    def fail(self, video_id: str, lease: Lease, *, error: Failure, processing: Processing) -> bool:
        """Move to failed; `False` where the lease is no longer ours."""
        change = {"$set": {"status": Status.FAILED, "error": asdict(error)}}
        return self._finish(video_id, lease, change, ["media", "thumbnail"], processing)

    def release(self, video_id: str, lease: Lease, *, now: datetime) -> bool:
        """Let the lease lapse now, for the next event to claim; `False` where it is not ours.

        It is then nobody's: a request of ours that MongoDB has not carried out yet matches nothing
        any more.
        """
        lapsed = {"lease.token": "", "lease.until": now, "claimable_at": now, "updated_at": now}
        return self._update(_held(video_id, lease), {"$set": lapsed})

    def retry(self, seen: Video, *, now: datetime) -> bool:
        """Move from failed to pending, with all attempts before it.

        `False` where it has not failed, or is not as it was seen.
        The source stays, and with it S3's order of events; an old thumbnail stays to be removed.
        """
        pending = {"status": Status.PENDING, "attempts": 0, "claimable_at": now, "updated_at": now}
        return self._update(
            _as_seen(seen) | {"status": Status.FAILED},
            {
                "$set": pending,
                "$unset": {"lease": "", "error": "", "processing": "", "webhook": ""},
            },
        )

    def extend_upload(self, video_id: str, *, until: datetime) -> bool:
        """Await the upload until then; `False` where the video is not pending."""
        return self._update(
            {"_id": ObjectId(video_id), "status": Status.PENDING},
            {"$set": {"upload.expires_at": until}},
        )

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

    def count_replay(self, seen: Video, *, now: datetime) -> bool:
        """Note that an event is sent for a video; `False` where it is not as it was seen."""
        return self._update(_as_seen(seen), {"$set": {"updated_at": now}, "$inc": {"replays": 1}})

    def fail_stuck(self, seen: Video, *, error: Failure, now: datetime) -> bool:
        """Move to failed without a lease; `False` where the video is not as it was seen."""
        failed = {"status": Status.FAILED, "error": asdict(error), "replays": 0, "updated_at": now}
        failed |= self._announced(now)
        outdated = ["lease", "claimable_at", "media", "thumbnail", "processing"]
        return self._update(_as_seen(seen), {"$set": failed, "$unset": dict.fromkeys(outdated, "")})

    def move_webhook(self, video_id: str, seen: Webhook, to: Webhook) -> bool:
        """Record an attempt to tell the receiver; `False` where the webhook is not as it was seen.

        So is that of a video which was deleted, retried or uploaded anew.
        """
        condition = {
            "_id": ObjectId(video_id),
            "webhook.id": seen.id,
            # Every step moves it.
            "webhook.due_at": seen.due_at,
        }
        return self._update(condition, {"$set": {"webhook": _present(asdict(to))}})

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

    def _finish(
        self,
        video_id: str,
        lease: Lease,
        change: Document,
        outdated: list[str],
        processing: Processing,
    ) -> bool:
        now = processing.finished_at
        change["$set"] |= {"processing": asdict(processing), "updated_at": now}
        change["$set"] |= self._announced(now)
        change["$unset"] = dict.fromkeys(["lease", "claimable_at", *outdated], "")
        return self._update(_held(video_id, lease), change)

    def _announced(self, now: datetime) -> Document:
        """Return what a finish adds, so that no crash can come between it and its webhook."""
        if not self._settings.announces:
            return {}
        return {"webhook": _present(asdict(Webhook(id=f"msg_{urandom(12).hex()}", due_at=now)))}

    def _update(self, condition: Document, change: Document) -> bool:
        with _unavailable_on_error():
            return self._videos.update_one(condition, change).matched_count == 1


def _inserted(collection: Collection[Document], document: Document) -> bool:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _present(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


Catalog = MongoCatalog
"""The former name, which `clipo.local.stack` still uses."""


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


def _event_of(event: UploadedObject) -> Document:
    return {"_id": ObjectId(event.video_id), "upload.key": event.key}


def _claimed(event: UploadedObject, lease: Lease, now: datetime) -> Document:
    claimed = {
        "status": Status.PROCESSING,
        "source.etag": event.source.etag,
        "source.size": event.source.size,
        "lease": asdict(lease),
        "claimable_at": lease.until,
        "replays": 0,
        "updated_at": now,
    }
    if event.source.sequencer:
        # An event without one does not make us forget the order that is known.
        claimed["source.sequencer"] = event.source.sequencer
    return claimed


def _as_seen(video: Video) -> Document:
    """Match a video that nobody has moved since it was read: every step writes `updated_at`."""
    return {
        "_id": ObjectId(video.id),
        "status": video.status,
        "updated_at": video.updated_at,
        "upload.expires_at": video.upload.expires_at,
    }


def _held(video_id: str, lease: Lease) -> Document:
    return {
        "_id": ObjectId(video_id),
        "status": Status.PROCESSING,
        "lease.token": lease.token,
    }


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
