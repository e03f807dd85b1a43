"""The scheduled sweep: finds stuck videos, and processes them again or fails them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.catalog import Catalog
from functions.adapters.jobs import Jobs
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.telemetry import Metric, count, logger, trace_context
from functions.core.clock import Clock, utc_now
from functions.core.lifecycle import replays, stuck
from functions.core.trace import parse_trace
from functions.core.unavailable import CatalogUnavailable, Unavailable
from functions.core.video import Source, Status, Video
from functions.upkeep.stuck import fail_stuck

MARGIN_S = 30
"""The seconds before the function's time limit in which a run begins no other video."""


@dataclass(slots=True)
class Report:
    """The result of one sweep."""

    migrated: bool | None = None
    """Whether the database has this release's schema; `None` if MongoDB did not answer."""
    seen: int = 0
    """The number of overdue videos."""
    waiting: int = 0
    """The number of overdue videos whose event may still arrive."""
    replays_awaited: int = 0
    """The number of upkeep's own events that no worker has claimed yet."""
    held_back: int = 0
    """The number of videos without an event, because upkeep awaits enough of its own."""
    lost_events: int = 0
    """The number of videos whose event was lost, and which upkeep has sent to processing."""
    lapsed_leases: int = 0
    """The number of videos whose lease expired, and which upkeep has sent to processing again."""
    failed: Counter[str] = field(default_factory=Counter[str])
    """The number of videos that upkeep has failed, by error code."""
    problems: list[Exception] = field(default_factory=list)
    """The errors that kept upkeep from settling videos, or from checking the schema."""
    finished: bool = True
    """Whether the sweep has read all overdue videos. If not, the next sweep reads the others."""

    def summary(self) -> dict[str, Any]:
        """Return the report as fields of a log line."""
        return {
            "migrated": self.migrated,
            "seen": self.seen,
            "waiting": self.waiting,
            "replays_awaited": self.replays_awaited,
            "held_back": self.held_back,
            "lost_events": self.lost_events,
            "lapsed_leases": self.lapsed_leases,
            "failed": dict(self.failed),
            "problems": len(self.problems),
            "finished": self.finished,
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """Sends overdue videos to processing again, or fails them."""

    catalog: Catalog
    storage: SdkStorage
    processing: Jobs
    now: Clock = utc_now

    def run(self, *, remaining_s: Callable[[], float]) -> Report:
        """Settle every overdue video, oldest first, until the time is nearly up.

        The next run then begins with the oldest that is left. An error at one video does not stop
        the sweep. Raises `CatalogUnavailable`.
        """
        report = Report()
        self._ensure_schema(report)
        for video in self._overdue():
            if remaining_s() < MARGIN_S:
                report.finished = False
                break
            report.seen += 1
            with trace_context(parse_trace(video.traceparent)):
                self._try_to_settle(video, report)
        return report

    def _try_to_settle(self, video: Video, report: Report) -> None:
        try:
            self._settle(video, report)
        except CatalogUnavailable:
            raise
        except Unavailable as error:
            logger().exception("video not settled", video_id=video.id)
            report.problems.append(error)

    def _ensure_schema(self, report: Report) -> None:
        """Prepare a new database: upkeep is the only function that does."""
        try:
            report.migrated = self.catalog.ensure_schema()
        except CatalogUnavailable as error:
            logger().exception("schema not checked")
            report.problems.append(error)
        if report.migrated is False:
            logger().warning("database not migrated", run="clipo migrate")

    def _overdue(self) -> Iterator[Video]:
        now = self.now()
        for video in self.catalog.unfinished(before=stuck.overdue_before(now)):
            if stuck.is_overdue(video, now=now):
                yield video

    def _settle(self, video: Video, report: Report) -> None:
        if stuck.event_may_come(video, now=self.now()):
            report.waiting += 1
            report.replays_awaited += video.replays > 0
            return
        found = self.storage.find_upload(video.upload.key)
        error = stuck.why_hopeless(video, found)
        if error:
            if fail_stuck(self.catalog, self.storage, video, error, now=self.now()):
                report.failed[error.code] += 1
        elif report.replays_awaited >= replays.MAX_REPLAYS_AWAITED:
            report.held_back += 1
        elif found:
            self._replay(video, found, report)

    def _replay(self, video: Video, found: Source, report: Report) -> None:
        # The record is saved first, so that only one of two overlapping sweeps sends an event.
        if not self.catalog.save(video, replays.replay(video, now=self.now())):
            return
        report.replays_awaited += 1
        self.processing.start(replays.found_upload(video, found))
        lost = video.status is Status.PENDING
        logger().warning(
            "lost event found" if lost else "lapsed lease found",
            video_id=video.id,
            owner=video.owner,
            attempts=video.attempts,
            replays=video.replays + 1,
        )
        count(Metric.LOST_EVENTS if lost else Metric.LAPSED_LEASES)
        if lost:
            report.lost_events += 1
        else:
            report.lapsed_leases += 1
