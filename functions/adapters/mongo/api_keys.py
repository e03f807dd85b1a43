"""The records of the API keys: one MongoDB document for each, beside the videos."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.access import ApiKey, Scope


class MongoApiKeys:
    """The records of all API keys. Every method may raise `CatalogUnavailable`."""

    def __init__(self, catalog: MongoCatalog) -> None:
        """Take the catalog whose database and connections it shares."""
        self._catalog = catalog

    def add(self, key: ApiKey) -> None:
        """Insert the record of a new key."""
        document = asdict(key)
        document["_id"] = document.pop("id")
        document["scopes"] = sorted(key.scopes)
        with self._catalog.database() as database:
            database.api_keys.insert_one(document)

    def get(self, key_id: str) -> ApiKey | None:
        """Return one record, or `None` if there is none."""
        with self._catalog.database() as database:
            found = database.api_keys.find_one({"_id": key_id})
        return _key(found) if found else None

    def all(self) -> list[ApiKey]:
        """Return all records, oldest first."""
        with self._catalog.database() as database:
            found = database.api_keys.find().sort("created_at", ASCENDING)
            return [_key(document) for document in found]

    def remove(self, key_id: str) -> None:
        """Remove a record. Safe to repeat."""
        with self._catalog.database() as database:
            database.api_keys.delete_one({"_id": key_id})

    def record_use(self, key_id: str, at: datetime) -> None:
        """Store the time of the last use, if the record still exists."""
        with self._catalog.database() as database:
            database.api_keys.update_one({"_id": key_id}, {"$set": {"last_used_at": at}})


def _key(document: dict[str, Any]) -> ApiKey:
    """Return a record without the scopes that a newer release may have given it."""
    return ApiKey(
        id=document["_id"],
        name=document["name"],
        hash=document["hash"],
        scopes=frozenset(map(Scope, set(document["scopes"]) & set(Scope))),
        owner=document["owner"],
        generation=document["generation"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        last_used_at=document["last_used_at"],
    )
