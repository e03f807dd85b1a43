"""The use of each owner's quota, as the functions count it. `mongo/usage.py` keeps the counters."""

from datetime import datetime
from typing import Protocol

from functions.core.quotas import Quota, Usage


class OwnerUsage(Protocol):
    """The counters of all owners. Videos without an owner have one counter together.

    An owner has a counter from the first reservation on. Every method but `give_back` may raise
    `CatalogUnavailable`.
    """

    def get(self, owner: str | None) -> Usage:
        """Return the use of an owner's quota."""

    def reserve(self, owner: str | None, size: int, quota: Quota) -> bool:
        """Count a video before its record is saved; `False` if it does not fit in the quota.

        Without a limit it counts as `charge` does.
        """

    def charge(self, owner: str | None, size: int) -> None:
        """Count a video whether it fits in the quota or not, if its owner has a counter."""

    def give_back(self, owner: str | None, size: int) -> None:
        """Subtract a video, if its owner has a counter. Logs an error, and raises none."""

    def due(self, now: datetime) -> list[str]:
        """Return the ids of counters that are due for a recount, the longest due first."""

    def recount(self, counter: str, now: datetime) -> bool:
        """Compare a counter with the records; return whether it has been corrected."""
