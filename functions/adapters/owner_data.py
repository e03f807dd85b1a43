"""All records of one owner, for an export and for an erasure. `mongo/owner_data.py` reads them."""

from dataclasses import dataclass
from typing import Any, Protocol

from functions.core.video import DeletedVideo


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the database has it, in values that JSON has."""

    kind: str
    id: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The numbers of records that were removed at the end of an erasure."""

    idempotency_keys: int
    counters: int


class OwnerData(Protocol):
    """The records of each owner. Every method may raise `CatalogUnavailable`."""

    def records(
        self, owner: str, *, after: tuple[str, str] | None, limit: int
    ) -> list[StoredRecord]:
        """Return up to `limit` records that follow the one with this kind and id.

        Secrets are not among their fields.
        """

    def tombstones(self, owner: str, *, limit: int) -> list[DeletedVideo]:
        """Return up to `limit` tombstones of an owner's deleted videos."""

    def forget_owner_of(self, tombstone: DeletedVideo) -> None:
        """Remove the owner's name from a tombstone."""

    def forget(self, owner: str) -> Forgotten:
        """Remove an owner's idempotency keys, quota counter and webhook deliveries."""
