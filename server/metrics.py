"""A worker's metrics for Prometheus."""

import math
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from functions.core.unavailable import CatalogUnavailable

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class WorkerMetrics:
    """The metrics of one worker, and the length of the queue that all workers share."""

    def __init__(self, count_claimable: Callable[[], int]) -> None:
        """Take the function that counts the queue. It may raise `CatalogUnavailable`."""
        self._registry = registry = CollectorRegistry()
        self.finished = Counter(
            "clipo_videos", "Videos that this worker has finished", ["status"], registry=registry
        )
        for status in ("done", "failed"):
            self.finished.labels(status)
        self.failed_attempts = Counter(
            "clipo_failed_attempts", "Attempts that did not finish a video", registry=registry
        )
        self.seconds = Histogram(
            "clipo_processing_seconds",
            "Duration of an attempt that finished a video",
            buckets=_SECONDS,
            registry=registry,
        )
        self.busy = Gauge("clipo_busy_slots", "Slots that process a video now", registry=registry)
        self.slots = Gauge("clipo_slots", "Slots of this worker", registry=registry)
        claimable = Gauge(
            "clipo_claimable_videos",
            "Videos that a worker can take up now, at most 10,000",
            registry=registry,
        )
        claimable.set_function(lambda: _or_nan(count_claimable))

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


def _or_nan(count: Callable[[], int]) -> float:
    try:
        return count()
    except CatalogUnavailable:
        return math.nan
