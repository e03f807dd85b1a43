"""Structured logs, and metrics as log lines in CloudWatch's Embedded Metric Format (EMF).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


@cache
def logger() -> Logger:
    """Return the process's logger: one JSON object a line.

    The service's name comes from POWERTOOLS_SERVICE_NAME, the level from
    POWERTOOLS_LOG_LEVEL. Never log filenames, signed URLs or secrets.
    """
    return Logger()


@contextmanager
def log_context(**keys: str | None) -> Iterator[None]:
    """Put these into every line of this block, and of the threads that it hands work to.

    Powertools' `append_context_keys` keeps them in one dict for the whole process: requests that
    overlap take each other's keys, and a line is lost when the dict changes under it.
    """
    before = logger().thread_safe_get_current_keys()
    logger().thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        # Two new dicts: `thread_safe_remove_keys` changes the one that other threads may share.
        logger().thread_safe_clear_keys()
        logger().thread_safe_append_keys(**before)


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
