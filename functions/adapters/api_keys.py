"""The records of the API keys, as the API uses them. `mongo/api_keys.py` keeps them in MongoDB."""

from datetime import datetime
from typing import Protocol

from functions.core.access import ApiKey


class ApiKeys(Protocol):
    """The records of all API keys. Every method may raise `CatalogUnavailable`."""

    def add(self, key: ApiKey) -> None:
        """Insert the record of a new key."""

    def get(self, key_id: str) -> ApiKey | None:
        """Return one record, or `None` if there is none."""

    def all(self) -> list[ApiKey]:
        """Return all records, oldest first."""

    def remove(self, key_id: str) -> None:
        """Remove a record. Safe to repeat."""

    def record_use(self, key_id: str, at: datetime) -> None:
        """Store the time of the last use, if the record still exists."""
