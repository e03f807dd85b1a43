"""Searches the buckets once a day for orphaned objects: objects whose video has no record.

The search also finds uploads that arrived after their video had expired, and whose event was lost.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from functions.adapters.catalog import Catalog, Search, change
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.storage import StoredObject
from functions.adapters.telemetry import logger
from functions.core import lifecycle
from functions.core.clock import Clock, utc_now
from functions.core.keys import owner_of
from functions.upkeep.sweep import MARGIN_S

MIN_AGE = timedelta(days=1)
"""The age from which Clipo counts an object without a record as orphaned. A younger one may belong
to an upload or a delete in progress."""

_EVERY = timedelta(days=1)


@dataclass(slots=True)
class OrphanReport:
    """The result of one run of the search."""

    listed: int = 0
    """The number of objects listed in both buckets."""
    orphaned: int = 0
    """The number of orphaned objects."""
    deleted: int = 0
    """The number of orphaned objects that the run has deleted."""
    late_uploads: int = 0
    """The number of expired videos whose upload is there, and which wait for processing again."""
    finished: bool = True
    """Whether the search has reached its end. If not, the next run continues it."""


@dataclass(frozen=True, slots=True)
class OrphanSearch:
    """Lists both buckets, logs the orphaned objects, and deletes them if `delete` is set."""

    catalog: Catalog
    storage: SdkStorage
    delete: bool
    now: Clock = utc_now

    def run_if_due(self, *, remaining_s: Callable[[], float]) -> OrphanReport | None:
        """Begin or continue the day's search; return `None` if it is finished for today.

        Raises `CatalogUnavailable` or `StorageUnavailable`.
        """
        search = self.catalog.search()
        if search and search.due_at > self.now():
            return None
        report = OrphanReport()
        after = search.after if search else ""
        for page in self.storage.pages(after=after):
            if remaining_s() < MARGIN_S:
                report.finished = False
                break
            self._check(page, report)
            if page:
                after = page[-1].key
                self.catalog.save_search(Search(after=after, due_at=self.now()))
        if report.finished:
            self.catalog.save_search(Search(after="", due_at=self.now() + _EVERY))
        return report

    def _check(self, page: list[StoredObject], report: OrphanReport) -> None:
        report.listed += len(page)
        self._await_late_uploads(page, report)
        orphans = self._orphans(page)
        if not orphans:
            return
        report.orphaned += len(orphans)
        logger().warning("orphaned objects found", keys=[found.key for found in orphans])
        if self.delete:
            self.storage.purge(orphans)
            report.deleted += len(orphans)

    def _await_late_uploads(self, page: Iterable[StoredObject], report: OrphanReport) -> None:
        """Make expired videos pending whose upload is there: the next sweep starts them.

        MongoDB would remove their records.
        """
        now = self.now()
        owners = {owner_of(found.key) for found in page}
        for video in self.catalog.expired({owner for owner in owners if owner}):
            change(self.catalog, video, lambda seen: lifecycle.await_upload_again(seen, now=now))
            logger().warning("late upload found", video_id=video.id)
            report.late_uploads += 1

    def _orphans(self, page: Iterable[StoredObject]) -> list[StoredObject]:
        old_before = self.now() - MIN_AGE
        owners = {found: owner_of(found.key) for found in page if found.modified_at < old_before}
        known = self.catalog.existing_ids({owner for owner in owners.values() if owner})
        return [found for found, owner in owners.items() if owner and owner not in known]
