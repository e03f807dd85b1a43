"""Structured logs, and metrics as log lines in CloudWatch's Embedded Metric Format (EMF).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.core.trace import Trace


@cache
def logger() -> Logger:
    """Return the process's logger, which writes one JSON object per line.

    POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL configure it. Never log filenames, signed URLs
    or secrets.
    """
    return Logger()


@contextmanager
def log_context(**keys: str | None) -> Iterator[None]:
    """Add keys to every log line of this block and of the threads that run in its context.

    Powertools' `append_context_keys` keeps them in one dict per process: overlapping requests would
    mix up their keys, and a line is lost if the dict changes while it is written.
    """
    before = logger().thread_safe_get_current_keys()
    logger().thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        # `thread_safe_remove_keys` would change the dict that other threads share.
        logger().thread_safe_clear_keys()
        logger().thread_safe_append_keys(**before)


_current_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """Return the trace to which the work of this block belongs, if that is known."""
    return _current_trace.get()


@contextmanager
def trace_context(trace: Trace | None) -> Iterator[None]:
    """Make a trace the current one in this block, with its `trace_id` in every log line.

    `None` leaves the current one, if there is one.
    """
    token = _current_trace.set(trace or current_trace())
    try:
        with log_context(**({"trace_id": trace.id} if trace else {})):
            yield
    finally:
        _current_trace.reset(token)


def join_trace(trace: Trace | None) -> None:
    """Make a trace the current one until the end of the `trace_context`, if there is none yet."""
    if trace and not current_trace():
        _current_trace.set(trace)
        logger().thread_safe_append_keys(trace_id=trace.id)


class Metric(StrEnum):
    """The names that dashboards and alarms rely on."""

    UPLOADS = "Uploads"
    """Videos announced with `POST /videos`, or uploaded to the legacy endpoint."""
    DONE = "Done"
    FAILED = "Failed"
    """Failed videos and failed reprocessing, in total and by `code`."""
    DURATION = "Duration"
    """Milliseconds of the attempt that finished a video."""
    BYTES_READ = "BytesRead"
    """Bytes that the attempt that finished a video read from storage."""
    RETRIES = "Retries"
    """Retries that clients request (service `api`), and attempts after the first (`processing`)."""
    DUPLICATES = "Duplicates"
    """Events that processing drops because their upload is finished."""
    LOST_EVENTS = "LostEvents"
    """Uploads whose event never came; upkeep starts their processing."""
    LAPSED_LEASES = "LapsedLeases"
    """Videos whose worker stopped half-way; upkeep starts their processing again."""
    UPKEEP_UNFINISHED = "UpkeepUnfinished"
    """Tasks of upkeep whose share of a run's time was too short, in total and by `task`."""


_UNITS = {Metric.DURATION: MetricUnit.Milliseconds, Metric.BYTES_READ: MetricUnit.Bytes}


def count(metric: Metric) -> None:
    """Add one to a metric."""
    measure({metric: 1})


def count_failed(code: str) -> None:
    """Add one to the failed videos or reprocessing, in total and for this code."""
    measure({Metric.FAILED: 1}, code=code)


def measure(values: Mapping[Metric, float], **dimensions: str) -> None:
    """Write values in one line immediately. POWERTOOLS_SERVICE_NAME is the dimension `service`.

    Powertools' `Metrics` would collect values in one dict per process until the handler ends, and
    lose them if Lambda kills it. POWERTOOLS_METRICS_NAMESPACE (default `Clipo`) separates the
    stacks of one account; POWERTOOLS_METRICS_DISABLED turns the line off.
    """
    metrics = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Clipo"))
    for metric, value in values.items():
        metrics.add_metric(metric.value, _UNITS.get(metric, MetricUnit.Count), value)
    if dimensions:
        metrics.add_dimensions(service=metrics.service, **dimensions)
    metrics.flush_metrics()
