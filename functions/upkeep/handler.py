"""The upkeep Lambda function, which keeps videos from getting stuck.

Its schedule and the failure queue invoke it.
"""

import os
from dataclasses import asdict
from functools import cache, partial
from typing import Any

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.lambda_context import LambdaContext
from functions.adapters.sdk.aws import SdkAws
from functions.adapters.telemetry import Metric, logger, measure
from functions.adapters.triggers import RemainingTime, dispatch
from functions.core.unavailable import Unavailable
from functions.upkeep.recount import RecountReport
from functions.upkeep.sweep import MARGIN_S
from functions.upkeep.wiring import Wired, wire

SWEEP, _RECOUNT, _SEARCH = "sweep", "quota recount", "orphan search"
"""The names of the tasks in logs and metrics."""

_SEARCH_S = 60
"""The seconds of a run that the sweep leaves to the search for orphaned objects."""


@cache
def _wired() -> Wired:
    return wire(os.environ, ProcessingFunction(os.environ, SdkAws(os.environ).invoke))


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Run the scheduled sweep, or settle messages of the failure queue."""
    return handle(event, context, _wired())


def handle(event: Any, context: LambdaContext, wired: Wired) -> dict[str, Any]:
    """Handle an event of the schedule or of the failure queue.

    Raises `UnknownEvent`. A sweep that could not settle all videos ends with an `ExceptionGroup`.
    """
    return dispatch(
        event,
        context,
        run=partial(_sweep, wired),
        settle=wired.failed_events.settle,
        margin_s=MARGIN_S,
    )


def _sweep(wired: Wired, remaining_s: RemainingTime) -> dict[str, Any]:
    """Sweep, recount, and search for orphaned objects, which has a share of the time of its own."""
    swept = wired.sweep.run(remaining_s=lambda: remaining_s() - _SEARCH_S)
    report, problems = swept.summary(), swept.problems
    logger().info("swept", **report)
    _report_unfinished(SWEEP, finished=swept.finished)
    for task in (_recount, _search):
        try:
            report |= task(wired, remaining_s)
        except Unavailable as error:
            problems.append(error)
    if problems:
        raise ExceptionGroup(
            "This run has not done all its work; the next one tries again.", problems
        )
    return report


def _recount(wired: Wired, remaining_s: RemainingTime) -> dict[str, Any]:
    recounted = wired.recount.run(remaining_s=lambda: remaining_s() - _SEARCH_S)
    if recounted == RecountReport():
        return {}
    report = asdict(recounted)
    logger().info("quotas recounted", **report)
    _report_unfinished(_RECOUNT, finished=recounted.finished)
    return {"quotas": report}


def _search(wired: Wired, remaining_s: RemainingTime) -> dict[str, Any]:
    orphans = wired.orphan_search.run_if_due(remaining_s=remaining_s)
    if orphans is None:
        return {}
    report = asdict(orphans)
    logger().info("searched for orphaned objects", **report)
    _report_unfinished(_SEARCH, finished=orphans.finished)
    return {"orphaned_objects": report}


def _report_unfinished(task: str, *, finished: bool) -> None:
    if not finished:
        logger().warning("upkeep unfinished", task=task)
        measure({Metric.UPKEEP_UNFINISHED: 1}, task=task)
