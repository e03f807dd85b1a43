"""Finds stored objects that belong to no video, once a day."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from functions.adapters.catalog import Catalog, Search
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.storage import StoredObject
from functions.adapters.telemetry import logger
from functions.core.clock import Clock, utc_now
from functions.core.keys import owner_of
from functions.upkeep.sweep import MARGIN_S

MIN_AGE = timedelta(days=1)
"""An object without a record may be a delete, or an upload, that is under way."""

_EVERY = timedelta(days=1)


@dataclass(slots=True)
class LeftoversReport:
    """What one run has found."""

    looked_at: int = 0
    without_record: int = 0
    deleted: int = 0
    """Of those."""
    finished: bool = True
    """False where the time was up first; the next run goes on from there."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Lists the buckets and counts what belongs to nobody; deletes it only when told to."""

    catalog: Catalog
    storage: SdkStorage
    delete: bool
    now: Clock = utc_now

    def run_if_due(self, *, remaining_s: Callable[[], float]) -> LeftoversReport | None:
        """Begin the day's search or go on with it; `None` where it is done for today.

        Raises `CatalogUnavailable` or `StorageUnavailable`.
        """
        search = self.catalog.search()
        if search and search.due_at > self.now():
            return None
        report = LeftoversReport()
        after = search.after if search else ""
        for page in self.storage.pages(after=after):
            if remaining_s() < MARGIN_S:
                report.finished = False
                break
            self._look_at(page, report)
            if page:
                after = page[-1].key
                self.catalog.save_search(Search(after=after, due_at=self.now()))
        if report.finished:
            self.catalog.save_search(Search(after="", due_at=self.now() + _EVERY))
        return report

    def _look_at(self, page: list[StoredObject], report: LeftoversReport) -> None:
        report.looked_at += len(page)
        abandoned = self._without_record(page)
        if not abandoned:
            return
        report.without_record += len(abandoned)
        logger().warning("objects without a record", keys=[found.key for found in abandoned])
        if self.delete:
            self.storage.delete(abandoned)
            report.deleted += len(abandoned)

    def _without_record(self, page: Iterable[StoredObject]) -> list[StoredObject]:
        old_before = self.now() - MIN_AGE
        owners = {found: owner_of(found.key) for found in page if found.modified_at < old_before}
        known = self.catalog.known({owner for owner in owners.values() if owner})
        return [found for found, owner in owners.items() if owner and owner not in known]
