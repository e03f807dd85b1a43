"""Refuses announcements while too many videos are pending, so that no flood fills the catalog."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.adapters.catalog import Catalog

_REMEMBERED = timedelta(seconds=30)
"""The time for which one count answers all announcements of this process."""


@dataclass(slots=True)
class PendingLimit:
    """The answer of the last count of pending videos.

    It is not exact: each process counts every 30 seconds at most, so that an announcement rarely
    costs a further round trip.
    """

    _reached: bool = False
    _counted_at: datetime | None = None

    def is_reached(self, catalog: Catalog, limit: int, *, now: datetime) -> bool:
        """Tell whether `limit` videos are pending; 0 sets no limit. Raises `CatalogUnavailable`."""
        if limit == 0:
            return False
        if self._counted_at is None or now - self._counted_at > _REMEMBERED:
            self._reached = catalog.has_pending(limit)
            self._counted_at = now
        return self._reached
