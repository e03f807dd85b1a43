"""What is counted and measured: CloudWatch's metrics, written to the log in its EMF.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from collections.abc import Mapping
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class Metric(StrEnum):
    """The names that dashboards and alarms rely on."""

    UPLOADS = "Uploads"
    """Videos that were announced, or received as a form."""
    DONE = "Done"
    FAILED = "Failed"
    """Also by `code`."""
    DURATION = "Duration"
    """Milliseconds of work on a video that was finished."""
    BYTES_READ = "BytesRead"
    """From storage, for a video that was finished."""
    RETRIES = "Retries"
    """By the API: a person's. By processing: attempts after the first."""
    DUPLICATES = "Duplicates"
    """Events of what is finished; dropped."""
    LOST_EVENTS = "LostEvents"
    """Uploads that nobody had been told of; started by upkeep."""
    LAPSED_LEASES = "LapsedLeases"
    """Workers that had stopped half-way; started again by upkeep."""


_UNITS = {Metric.DURATION: MetricUnit.Milliseconds, Metric.BYTES_READ: MetricUnit.Bytes}


def count(metric: Metric) -> None:
    """Count one."""
    measure({metric: 1})


def count_failed(code: str) -> None:
    """Count one video that has failed, in all and by its code."""
    _write({Metric.FAILED: 1}, code=code)


def measure(values: Mapping[Metric, float]) -> None:
    """Write some values, together."""
    _write(values)


def _write(values: Mapping[Metric, float], **dimensions: str) -> None:
    """Write one line at once, with the dimension `service` from POWERTOOLS_SERVICE_NAME.

    POWERTOOLS_METRICS_NAMESPACE (default `Clipo`) keeps two stacks of one account apart.

    So nothing waits for the end of a handler that may raise, or be killed, and nothing is shared
    between threads: powertools' `Metrics` collects in one dict for the whole process.
    POWERTOOLS_METRICS_DISABLED keeps the line back.
    """
    metrics = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Clipo"))
    for metric, value in values.items():
        metrics.add_metric(metric.value, _UNITS.get(metric, MetricUnit.Count), value)
    if dimensions:
        metrics.add_dimensions(service=metrics.service, **dimensions)
    metrics.flush_metrics()
