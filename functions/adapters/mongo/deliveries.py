"""The log of webhook deliveries: one MongoDB document for each, with its latest attempts.

MongoDB removes a document after `LOG_KEPT`. The state that decides about attempts is on the video's
record, not here (ADR 63).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from functions.adapters.mongo.documents import owned_by
from functions.core.access import ALL_OWNERS
from functions.core.clock import utc_now
from functions.core.delivery_log import (
    LOG_KEPT,
    MOST_ATTEMPTS_LOGGED,
    DeliveryFilter,
    DeliveryStatus,
    LoggedAttempt,
    LoggedDelivery,
)

_CHANGING = ("status", "due_at", "delivered_at")


class MongoDeliveries:
    """The log of all deliveries. Every method may raise `CatalogUnavailable`."""

    def __init__(self, database: Callable[[], AbstractContextManager[Database[Any]]]) -> None:
        """Take a function that opens the database, and raises `CatalogUnavailable`."""
        self._database = database

    def record(self, delivery: LoggedDelivery, attempt: LoggedAttempt | None) -> None:
        """Store the state of a delivery, and add its latest attempt to those before."""
        document = asdict(delivery)
        del document["attempts"]
        found = {"_id": document.pop("id")}
        changing = {name: document.pop(name) for name in _CHANGING}
        update: dict[str, Any] = {
            "$setOnInsert": document,
            "$set": {**changing, "expires_at": utc_now() + LOG_KEPT},
        }
        if attempt:
            added = {"$each": [asdict(attempt)], "$slice": -MOST_ATTEMPTS_LOGGED}
            update["$push"] = {"attempts": added}
        with self._database() as database:
            database.webhook_deliveries.update_one(found, update, upsert=True)

    def mark(self, delivery_id: str, status: DeliveryStatus, *, due_at: datetime | None) -> None:
        """Change the status of a delivery that is in the log."""
        changed = {"status": status, "due_at": due_at, "expires_at": utc_now() + LOG_KEPT}
        with self._database() as database:
            database.webhook_deliveries.update_one({"_id": delivery_id}, {"$set": changed})

    def get(self, delivery_id: str, *, owner: str | None = ALL_OWNERS) -> LoggedDelivery | None:
        """Return one delivery, or `None` if it is not in the log."""
        with self._database() as database:
            found = database.webhook_deliveries.find_one({"_id": delivery_id, **owned_by(owner)})
        return _delivery(found) if found else None

    def page(
        self,
        only: DeliveryFilter,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None,
        limit: int,
    ) -> list[LoggedDelivery]:
        """Return up to `limit` deliveries that follow the one with an id, newest first."""
        given = {name: value for name, value in asdict(only).items() if value is not None}
        condition: dict[str, Any] = {**given, **owned_by(owner)}
        if after is not None:
            condition["_id"] = {"$lt": after}
        with self._database() as database:
            found = database.webhook_deliveries.find(condition).sort("_id", DESCENDING)
            return [_delivery(one) for one in found.limit(limit)]


def _delivery(document: dict[str, Any]) -> LoggedDelivery:
    attempts = document.get("attempts", [])
    return LoggedDelivery(
        id=document["_id"],
        receiver=document["receiver"],
        event_id=document["event_id"],
        type=document["type"],
        status=DeliveryStatus(document["status"]),
        created_at=document["created_at"],
        video_id=document["video_id"],
        owner=document["owner"],
        due_at=document["due_at"],
        delivered_at=document["delivered_at"],
        attempts=tuple(
            LoggedAttempt(one["at"], one["status"], one["reason"], one["duration_ms"])
            for one in attempts
        ),
    )
