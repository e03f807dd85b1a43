"""The database as functions of release 0.1 wrote it: their updates and their indexes."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection

from functions.core.s3_event import pad_sequencer
from functions.core.video import Lease, UploadedObject
from tests.examples import failure, media, processing, thumbnail, uploaded, video

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LEASE = Lease("mine", LATER)
OTHER_LEASE = Lease("another's", LATER + timedelta(minutes=5))
MAX_ATTEMPTS = 5

Document = dict[str, Any]


@dataclass
class Release01:
    """The updates of release 0.1; each tells whether its condition matched."""

    videos: Collection[Document]

    def _update(self, condition: Document, update: Document) -> bool:
        return self.videos.update_one(condition, update).matched_count == 1

    def add(self, video_id: str) -> None:
        announced = video(video_id)
        upload = {"key": announced.upload.key, "method": "POST", "expires_at": NOW}
        self.videos.insert_one(
            {
                "_id": ObjectId(video_id),
                "filename": announced.filename,
                "content_type": announced.content_type,
                "declared_size": 1000,
                "status": "pending",
                "created_at": announced.created_at,
                "updated_at": announced.created_at,
                "upload": upload,
                "source": {"sequencer": ""},
                "attempts": 0,
                "replays": 0,
                "claimable_at": announced.created_at,
            }
        )

    def ensure_indexes(self) -> None:
        keys = self.videos.database.idempotency_keys
        self.videos.create_index([("status", -1), ("_id", -1)])
        keys.create_index([("expires_at", 1)], expireAfterSeconds=0)
        keys.create_index([("video_id", 1)])
        self.videos.create_index([("status", 1), ("claimable_at", 1)])
        self.videos.create_index([("status", 1), ("upload.expires_at", 1)])
        self.videos.create_index([("webhook.due_at", 1)], sparse=True)

    def claim(self, event: UploadedObject, lease: Lease = LEASE, *, now: datetime = NOW) -> bool:
        """Claim an unfinished video, by a newer upload or by the same."""
        of_event = {"_id": ObjectId(event.video_id), "upload.key": event.key}
        newer: Document = of_event | {"claimable_at": {"$exists": True}}
        again: Document = of_event | {
            "claimable_at": {"$lte": now},
            "attempts": {"$lt": MAX_ATTEMPTS},
        }
        if event.source.sequencer:
            newer["source.sequencer"] = {"$lt": event.source.sequencer}
            again["source.sequencer"] = event.source.sequencer
        else:
            newer["source.etag"] = {"$ne": event.source.etag}
        claimed = self._claimed(event, lease, now)
        return self._update(newer, {"$set": claimed | {"attempts": 1}}) or self._update(
            again, {"$set": claimed, "$inc": {"attempts": 1}}
        )

    def claim_in_the_same_moment(self, video_id: str) -> bool:
        """Claim in the millisecond of the change before it."""
        return self.claim(uploaded(video_id), now=self.document(video_id)["updated_at"])

    def claim_finished(self, event: UploadedObject, lease: Lease = LEASE) -> bool:
        claimed = self._claimed(event, lease, NOW) | {"attempts": 1}
        return self._update(
            self._as_seen(event.video_id), {"$set": claimed, "$unset": {"webhook": ""}}
        )

    def _claimed(self, event: UploadedObject, lease: Lease, now: datetime) -> Document:
        claimed = {
            "status": "processing",
            "source.etag": event.source.etag,
            "source.size": event.source.size,
            "lease": {"token": lease.token, "until": lease.until},
            "claimable_at": lease.until,
            "replays": 0,
            "updated_at": now,
        }
        if event.source.sequencer:
            claimed["source.sequencer"] = event.source.sequencer
        return claimed

    def complete(self, video_id: str, lease: Lease = LEASE) -> bool:
        done = {"status": "done", "media": asdict(media()), "thumbnail": asdict(thumbnail())}
        return self._finish(video_id, lease, done, ["error"])

    def fail(self, video_id: str, lease: Lease = LEASE) -> bool:
        failed = {"status": "failed", "error": asdict(failure())}
        return self._finish(video_id, lease, failed, ["media", "thumbnail"])

    def _finish(self, video_id: str, lease: Lease, to: Document, outdated: list[str]) -> bool:
        cost = {"processing": self._processing(), "updated_at": LATER}
        return self._update(
            self._held(video_id, lease),
            {
                "$set": to | cost | {"webhook": {"id": "msg_0_1", "due_at": LATER, "attempts": 0}},
                "$unset": dict.fromkeys(["lease", "claimable_at", *outdated], ""),
            },
        )

    def _processing(self) -> Document:
        return {name: value for name, value in asdict(processing()).items() if name != "release"}

    def release(self, video_id: str, lease: Lease = LEASE) -> bool:
        lapsed = {"lease.token": "", "lease.until": LATER}
        lapsed |= {"claimable_at": LATER, "updated_at": LATER}
        return self._update(self._held(video_id, lease), {"$set": lapsed})

    def _held(self, video_id: str, lease: Lease) -> Document:
        return {"_id": ObjectId(video_id), "status": "processing", "lease.token": lease.token}

    def retry(self, video_id: str) -> bool:
        outdated = ["lease", "error", "processing", "webhook"]
        return self._update(
            self._as_seen(video_id) | {"status": "failed"},
            {
                "$set": {
                    "status": "pending",
                    "attempts": 0,
                    "claimable_at": LATER,
                    "updated_at": LATER,
                },
                "$unset": dict.fromkeys(outdated, ""),
            },
        )

    def extend_upload(self, video_id: str) -> bool:
        pending = {"_id": ObjectId(video_id), "status": "pending"}
        return self._update(pending, {"$set": {"upload.expires_at": LATER}})

    def note_order(self, video_id: str) -> bool:
        """Learn from a duplicate how late the bytes were written that a video is done with."""
        order = pad_sequencer("FF")
        done = {
            "_id": ObjectId(video_id),
            "upload.key": uploaded(video_id).key,
            "status": "done",
            "source.etag": uploaded().source.etag,
            "source.sequencer": {"$lt": order},
        }
        return self._update(done, {"$set": {"source.sequencer": order}})

    def count_replay(self, video_id: str) -> bool:
        replayed = {"$set": {"updated_at": LATER}, "$inc": {"replays": 1}}
        return self._update(self._as_seen(video_id), replayed)

    def fail_stuck(self, video_id: str) -> bool:
        failed = {"status": "failed", "error": asdict(failure()), "replays": 0, "updated_at": LATER}
        outdated = ["lease", "claimable_at", "media", "thumbnail", "processing"]
        return self._update(
            self._as_seen(video_id), {"$set": failed, "$unset": dict.fromkeys(outdated, "")}
        )

    def move_webhook(self, video_id: str) -> bool:
        """Count a delivery attempt."""
        webhook = self.document(video_id)["webhook"]
        return self._update(
            {
                "_id": ObjectId(video_id),
                "webhook.id": webhook["id"],
                "webhook.due_at": webhook.get("due_at"),
            },
            {
                "$set": {
                    "webhook": webhook | {"due_at": LATER + timedelta(minutes=2), "attempts": 1}
                }
            },
        )

    def deliver_webhook(self, video_id: str) -> bool:
        """Record that the receiver has accepted the webhook."""
        delivered = {"webhook.delivered_at": LATER, "webhook.last_status": 204}
        change = {"$set": delivered, "$unset": {"webhook.due_at": ""}}
        return self._update({"_id": ObjectId(video_id)}, change)

    def _as_seen(self, video_id: str) -> Document:
        """Match the record as it is."""
        seen = self.document(video_id)
        return {
            "_id": seen["_id"],
            "status": seen["status"],
            "updated_at": seen["updated_at"],
            "upload.expires_at": seen["upload"]["expires_at"],
        }

    def document(self, video_id: str) -> Document:
        found = self.videos.find_one({"_id": ObjectId(video_id)})
        assert found
        return found
