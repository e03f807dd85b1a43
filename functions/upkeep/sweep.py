"""The scheduled run: finds what is stuck, and starts it again or fails it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.catalog import Catalog
from functions.adapters.jobs import Jobs
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.telemetry import Metric, count, logger
from functions.core import lifecycle
from functions.core.clock import Clock, utc_now
from functions.core.lifecycle import LAPSE_GRACE, UPLOAD_GRACE
from functions.core.unavailable import CatalogUnavailable, Unavailable
from functions.core.video import Source, Status, Video
from functions.upkeep.stuck import fail_stuck

MARGIN_S = 30
"""Left of the function's time for what was begun: a few requests, all of them slow."""


@dataclass(slots=True)
class Report:
    """What one run has found and done."""

    seen: int = 0
    """Videos that were read."""
    waiting: int = 0
    """Of which an event may still come."""
    lost_events: int = 0
    """Uploads that nobody had been told of; started."""
    lapsed_leases: int = 0
    """Workers that had stopped half-way; started again."""
    failed: Counter[str] = field(default_factory=Counter[str])
    """Videos, by code."""
    problems: list[Exception] = field(default_factory=list)
    """What could not be looked after this time."""
    finished: bool = True
    """False where the time was up first; the next run goes on."""

    def summary(self) -> dict[str, Any]:
        """Return it for the log."""
        return {
            "seen": self.seen,
            "waiting": self.waiting,
            "lost_events": self.lost_events,
            "lapsed_leases": self.lapsed_leases,
            "failed": dict(self.failed),
            "problems": len(self.problems),
            "finished": self.finished,
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """Looks after the videos that wait for longer than they should."""

    catalog: Catalog
    storage: SdkStorage
    processing: Jobs
    now: Clock = utc_now

    def run(self, *, remaining_s: Callable[[], float]) -> Report:
        """Look after every stuck video, until the time is nearly up.

        One video's problem does not keep the others waiting. Raises `CatalogUnavailable`.
        """
        report = Report()
        self._ensure_indexes(report)
        for video in self._stuck():
            if remaining_s() < MARGIN_S:
                report.finished = False
                break
            report.seen += 1
            try:
                self._settle(video, report)
            except CatalogUnavailable:
                raise
            except Unavailable as error:
                logger().exception("video not looked after", video_id=video.id)
                report.problems.append(error)
        return report

    def _ensure_indexes(self, report: Report) -> None:
        """Create them: nothing else in a deployment does. Where they are this does nothing.

        A new one of a large collection may take longer than we wait; the next run finds it.
        """
        try:
            self.catalog.ensure_indexes()
        except CatalogUnavailable as error:
            logger().exception("indexes not created")
            report.problems.append(error)

    def _stuck(self) -> Iterator[Video]:
        now = self.now()
        yield from self.catalog.lapsed(before=now - LAPSE_GRACE)
        yield from self.catalog.overdue(before=now - UPLOAD_GRACE)

    def _settle(self, video: Video, report: Report) -> None:
        if lifecycle.event_may_come(video, now=self.now()):
            report.waiting += 1
            return
        found = self.storage.find_upload(video.upload.key)
        error = lifecycle.why_hopeless(video, found)
        if error:
            if fail_stuck(self.catalog, self.storage, video, error, now=self.now()):
                report.failed[error.code] += 1
        elif found:
            self._start_again(video, found, report)

    def _start_again(self, video: Video, found: Source, report: Report) -> None:
        # Counted first: of two runs that overlap one sends the event.
        if not self.catalog.save(video, lifecycle.replay(video, now=self.now())):
            return
        self.processing.start(lifecycle.found_upload(video, found))
        lost = video.status is Status.PENDING
        logger().warning(
            "lost event found" if lost else "lapsed lease found",
            video_id=video.id,
            attempts=video.attempts,
            replays=video.replays + 1,
        )
        count(Metric.LOST_EVENTS if lost else Metric.LAPSED_LEASES)
        if lost:
            report.lost_events += 1
        else:
            report.lapsed_leases += 1
