"""Searches the buckets once a day for orphaned objects: objects whose video has no record.

The search also finds uploads that arrived after their video had expired, and whose event was lost.
And it finishes deletes that ended before they had removed all objects.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.adapters.catalog import Catalog, Search, change
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.storage import StoredObject
from functions.adapters.telemetry import logger
from functions.core.clock import Clock, utc_now
from functions.core.keys import video_id_of_object
from functions.core.lifecycle import restarts
from functions.upkeep.sweep import MARGIN_S

MIN_AGE = timedelta(days=1)
"""The age from which Clipo counts an object without a record as orphaned. A younger one may belong
to an upload or a delete in progress."""

GRACE = timedelta(days=7)
"""The time for which Clipo keeps an orphaned object from its first sighting on. In that time an
operator can restore a database that has lost records. The catalog keeps the time of the sighting: a
database that does not have it starts the grace anew."""

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
    deletes_finished: int = 0
    """The number of deleted videos that still had objects, which the run has removed."""
    late_uploads: int = 0
    """The number of expired videos whose upload is there, and which wait for processing again."""
    finished: bool = True
    """Whether the search has reached its end. If not, the next run continues it."""


@dataclass(frozen=True, slots=True)
class OrphanSearch:
    """Lists both buckets, logs the orphaned objects, and deletes them after `GRACE` if it may."""

    catalog: Catalog
    storage: SdkStorage
    delete: bool
    """Whether the search deletes orphaned objects."""
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
        deleted = self._finish_deletes(page, report)
        orphans = self._orphans(
            found for found in page if video_id_of_object(found.key) not in deleted
        )
        if not orphans:
            return
        report.orphaned += len(orphans)
        logger().warning("orphaned objects found", keys=[found.key for found in orphans])
        seen_before = self.now() - GRACE
        expired = [found for found, first_seen in orphans.items() if first_seen <= seen_before]
        if self.delete and expired:
            self.storage.purge(expired)
            report.deleted += len(expired)

    def _await_late_uploads(self, page: Iterable[StoredObject], report: OrphanReport) -> None:
        """Make expired videos pending whose upload is there: the next sweep starts them.

        MongoDB would remove their records.
        """
        now = self.now()
        for video in self.catalog.expired(_video_ids(page)):
            change(self.catalog, video, lambda seen: restarts.await_upload_again(seen, now=now))
            logger().warning("late upload found", video_id=video.id)
            report.late_uploads += 1

    def _finish_deletes(self, page: Iterable[StoredObject], report: OrphanReport) -> set[str]:
        """Remove the objects of deleted videos, whatever `delete` says; return the videos' ids.

        A tombstone without a record proves that a client has deleted the video (ADR 35).
        """
        deleted = self.catalog.deleted_among(_video_ids(page))
        for one in deleted:
            self.storage.delete_objects_of(one)
            logger().warning("delete finished", video_id=one.id, purge=one.purge)
            report.deletes_finished += 1
        return {one.id for one in deleted}

    def _orphans(self, page: Iterable[StoredObject]) -> dict[StoredObject, datetime]:
        """Return the orphaned objects of a page, each with the time of its first sighting."""
        now = self.now()
        old = [found for found in page if found.modified_at < now - MIN_AGE]
        video_ids = {found: video_id_of_object(found.key) for found in old}
        since = self.catalog.orphaned_since({one for one in video_ids.values() if one}, now=now)
        return {found: since[one] for found, one in video_ids.items() if one in since}


def _video_ids(page: Iterable[StoredObject]) -> set[str]:
    return {one for one in map(video_id_of_object, (found.key for found in page)) if one}
