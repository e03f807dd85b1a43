"""Refuses announcements while too many videos are pending, so that no flood fills the catalog."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from functions.api.scoped_catalog import ScopedCatalog

_REMEMBERED = timedelta(seconds=30)
"""The time for which one count answers all announcements of an owner in this process."""

_MOST_REMEMBERED = 1000


@dataclass(slots=True)
class PendingLimit:
    """The answer of the last count of each owner's pending videos.

    It is not exact: each process counts an owner's videos every 30 seconds at most. Only the
    announcement that counts costs a further round trip.
    """

    _counted: dict[str | None, tuple[datetime, bool]] = field(default_factory=dict)
    """The time of each owner's last count, and whether the limit was reached."""

    def is_reached(
        self, catalog: ScopedCatalog, limit: int, *, owner: str | None, now: datetime
    ) -> bool:
        """Tell whether `limit` videos of an owner are pending; 0 sets no limit.

        Raises `CatalogUnavailable`.
        """
        if limit == 0:
            return False
        counted_at, reached = self._counted.get(owner, (None, False))
        if counted_at is None or now - counted_at > _REMEMBERED:
            reached = catalog.has_pending(limit, owner=owner)
            if len(self._counted) >= _MOST_REMEMBERED:
                self._counted.clear()
            self._counted[owner] = now, reached
        return reached
