"""Compares the counters of quotas with the records, each once a day (ADR 46)."""

from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.catalog import Catalog
from functions.adapters.telemetry import logger
from functions.core.clock import Clock, utc_now
from functions.upkeep.sweep import MARGIN_S


@dataclass(slots=True)
class RecountReport:
    """The result of one run."""

    counters: int = 0
    """The number of counters that the run has compared."""
    corrected: int = 0
    """The number of counters that were wrong, and which the run has corrected."""
    finished: bool = True
    """Whether the run has compared all counters that were due. If not, the next run goes on."""


@dataclass(frozen=True, slots=True)
class Recount:
    """Corrects counters that a crash, an older release or a time without quotas has left wrong."""

    catalog: Catalog
    now: Clock = utc_now

    def run(self, *, remaining_s: Callable[[], float]) -> RecountReport:
        """Compare the counters that are due. Raises `CatalogUnavailable`."""
        report = RecountReport()
        for counter in self.catalog.usage.due(self.now()):
            if remaining_s() < MARGIN_S:
                report.finished = False
                break
            report.counters += 1
            if self.catalog.usage.recount(counter, self.now()):
                report.corrected += 1
                logger().warning("quota corrected", counter=counter)
        return report
