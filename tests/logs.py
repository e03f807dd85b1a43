"""Reads the functions' logs and metrics."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from functions.adapters.telemetry import logger


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    """Collect the log lines of a `with` block. The list is filled when the block ends."""
    handler = logger().registered_handler
    lines: list[dict[str, Any]] = []
    written = StringIO()
    before = handler.setStream(written)  # type: ignore[attr-defined]  # it is a StreamHandler
    try:
        yield lines
    finally:
        handler.setStream(before)  # type: ignore[attr-defined]
        lines += [json.loads(line) for line in written.getvalue().splitlines()]


def measured(output: str) -> dict[str, float]:
    """Return the sum of each metric in some output."""
    sums: dict[str, float] = {}
    for line in output.splitlines():
        entry = json.loads(line) if line.startswith('{"_aws"') else {}
        for directive in entry.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                sums[metric["Name"]] = sums.get(metric["Name"], 0) + sum(entry[metric["Name"]])
    return sums
