"""The records of webhook receivers: one MongoDB document for each, beside the videos."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from functions.core.receivers import Receiver
from functions.core.result_event import EventType


class MongoReceivers:
    """The records of all receivers. Every method may raise `CatalogUnavailable`."""

    def __init__(self, database: Callable[[], AbstractContextManager[Database[Any]]]) -> None:
        """Take a function that opens the database, and raises `CatalogUnavailable`."""
        self._database = database

    def add(self, receiver: Receiver) -> None:
        """Insert the record of a new receiver."""
        with self._database() as database:
            database.webhook_receivers.insert_one(_document(receiver))

    def get(self, receiver_id: str) -> Receiver | None:
        """Return one record, or `None` if there is none."""
        with self._database() as database:
            found = database.webhook_receivers.find_one({"_id": receiver_id})
        return _receiver(found) if found else None

    def all(self) -> list[Receiver]:
        """Return all records, oldest first."""
        with self._database() as database:
            found = database.webhook_receivers.find().sort("created_at", ASCENDING)
            return [_receiver(document) for document in found]

    def replace(self, receiver: Receiver) -> bool:
        """Replace a record; `False` if there is none."""
        with self._database() as database:
            found = database.webhook_receivers.replace_one(
                {"_id": receiver.id}, _document(receiver)
            )
        return found.matched_count == 1

    def remove(self, receiver_id: str) -> bool:
        """Remove a record; `False` if there was none."""
        with self._database() as database:
            return database.webhook_receivers.delete_one({"_id": receiver_id}).deleted_count == 1


def _document(receiver: Receiver) -> dict[str, Any]:
    document = asdict(receiver)
    document["_id"] = document.pop("id")
    document["events"] = sorted(receiver.events)
    return document


def _receiver(document: dict[str, Any]) -> Receiver:
    """Return a record without the events that a newer release may have given it."""
    return Receiver(
        id=document["_id"],
        url=document["url"],
        created_at=document["created_at"],
        events=frozenset(map(EventType, set(document["events"]) & set(EventType))),
        owner=document["owner"],
        description=document["description"],
        enabled=document["enabled"],
        secret_number=document["secret_number"],
        previous_secret_until=document["previous_secret_until"],
    )
