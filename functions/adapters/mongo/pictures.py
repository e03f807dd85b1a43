"""Leases of pictures in MongoDB, and the number of images on the record of each video."""

from datetime import datetime

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.pictures import LeaseEnd
from functions.core.pictures import WantedPicture


class MongoPictureLeases:
    """A document for each lease, which MongoDB removes when the lease has expired.

    The number of images is a field of the video's record that the rules of `core/lifecycle/` do
    not know: it belongs to no step, and goes with the record.
    """

    def __init__(self, catalog: MongoCatalog) -> None:
        """Take the catalog whose database and connections it shares."""
        self._catalog = catalog

    def acquire(self, key: str, *, now: datetime, until: datetime) -> bool:
        """Reserve the making of a picture; `False` if another caller has it."""
        with self._catalog.database() as database:
            try:
                database.picture_leases.insert_one({"_id": key, "until": until})
            except DuplicateKeyError:
                # MongoDB removes expired documents once a minute.
                free = {"_id": key, "$or": [{"until": {"$lt": now}}, {"is_free": True}]}
                ended = {"refusal": "", "is_free": "", "has_failed": ""}
                renewed = {"$set": {"until": until}, "$unset": ended}
                taken = database.picture_leases.update_one(free, renewed)
                return taken.matched_count == 1
        return True

    def release(self, key: str) -> None:
        """End a lease of this caller after a failure."""
        with self._catalog.database() as database:
            database.picture_leases.delete_one({"_id": key})

    def fail(self, key: str, *, attempts: int) -> None:
        """End a lease of this caller after a crash, but the last of so many until it expires."""
        lease = {"_id": key}
        with self._catalog.database() as database:
            found = database.picture_leases.find_one_and_update(
                lease, {"$inc": {"failures": 1}}, return_document=ReturnDocument.AFTER
            )
            state = "is_free" if found and found["failures"] < attempts else "has_failed"
            database.picture_leases.update_one(lease, {"$set": {state: True}})

    def refuse(self, key: str, reason: str) -> None:
        """Store in a lease of this caller why there is no such picture."""
        with self._catalog.database() as database:
            database.picture_leases.update_one({"_id": key}, {"$set": {"refusal": reason}})

    def end(self, key: str) -> LeaseEnd:
        """Return what a lease says of attempts that have ended without a picture."""
        with self._catalog.database() as database:
            lease = database.picture_leases.find_one({"_id": key}) or {}
        return LeaseEnd(lease.get("refusal"), has_failed=bool(lease.get("has_failed")))

    def count(self, wanted: WantedPicture, *, limit: int) -> bool:
        """Count an image of a video; `False` if its file has `limit` of them already."""
        video_id = {"_id": ObjectId(wanted.video_id)}
        of_version = {"images.version": wanted.version, "images.made": {"$lt": limit}}
        another = (video_id | of_version, {"$inc": {"images.made": 1}})
        # The first image of this file: those of an earlier one are removed.
        first = (
            video_id | {"images.version": {"$ne": wanted.version}},
            {"$set": {"images": {"version": wanted.version, "made": 1}}},
        )
        with self._catalog.database() as database:
            # Of requests that race, one counts the first image: the others come after it.
            return any(
                database.videos.update_one(*step).matched_count == 1
                for step in (another, first, another)
            )

    def discount(self, wanted: WantedPicture) -> None:
        """Subtract an image that was not made."""
        counted = {"_id": ObjectId(wanted.video_id), "images.version": wanted.version}
        with self._catalog.database() as database:
            database.videos.update_one(counted, {"$inc": {"images.made": -1}})
