"""What a worker tells Prometheus."""

import pytest

from functions.core.unavailable import CatalogUnavailable
from server.metrics import WorkerMetrics


def test_the_length_of_the_queue_is_read_at_each_scrape() -> None:
    lengths = iter([3, 0])
    metrics = WorkerMetrics(lambda: next(lengths))
    assert b"clipo_claimable_videos 3.0\n" in metrics.text()
    assert b"clipo_claimable_videos 0.0\n" in metrics.text()


def test_a_database_that_does_not_answer_costs_one_value_only() -> None:
    def count() -> int:
        raise CatalogUnavailable("MongoDB: AutoReconnect")

    metrics = WorkerMetrics(count)
    metrics.finished.labels("done").inc()
    text = metrics.text()
    assert b"clipo_claimable_videos NaN\n" in text
    assert b'clipo_videos_total{status="done"} 1.0\n' in text


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_counter_is_there_before_it_counts(status: str) -> None:
    assert f'clipo_videos_total{{status="{status}"}} 0.0\n'.encode() in WorkerMetrics(int).text()
