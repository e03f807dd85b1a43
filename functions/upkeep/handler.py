"""The upkeep Lambda: nothing stays stuck.

Two kinds of events: the schedule's, and messages of the failure queue and of the nudges'.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import log_context, logger
from functions.adapters.webhook_queue import nudged_video
from functions.core.unavailable import Unavailable
from functions.upkeep.sweep import MARGIN_S
from functions.upkeep.wiring import Wired, deployed_processing, wire


class UnknownEvent(Exception):
    """Neither the schedule's event nor messages of a queue."""


@cache
def _wired() -> Wired:
    return wire(os.environ, deployed_processing(os.environ))


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Run the scheduled sweep, or take messages off a queue."""
    return handle(event, context, _wired())


def handle(event: Any, context: LambdaContext, wired: Wired) -> dict[str, Any]:
    """Do what an event asks for.

    Raises `UnknownEvent`, and after a sweep what has kept it from looking after all videos.
    """
    with log_context(request_id=context.aws_request_id):
        if isinstance(event, Mapping):
            if event.get("detail-type") == "Scheduled Event":
                with log_context(event_id=event.get("id")):
                    return _sweep(context, wired)
            if isinstance(messages := event.get("Records"), list):
                return _settle(messages, context, wired)
        raise UnknownEvent("Neither an event of the schedule nor messages of a queue.")


def _sweep(context: LambdaContext, wired: Wired) -> dict[str, Any]:
    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    swept = wired.sweep.run(remaining_s=remaining_s)
    report, problems = swept.summary(), swept.problems
    logger().info("swept", **report)
    if wired.webhooks:
        report["webhooks"] = asdict(wired.webhooks.run(remaining_s=remaining_s))
        logger().info("looked for webhooks", **report["webhooks"])
    try:
        leftovers = wired.leftovers.run_if_due(remaining_s=remaining_s)
    except Unavailable as error:
        problems.append(error)
    else:
        if leftovers:
            report["leftovers"] = asdict(leftovers)
            logger().info("looked for leftovers", **report["leftovers"])
    if problems:
        raise ExceptionGroup("Not everything was looked after; the next run tries again.", problems)
    return report


def _settle(messages: list[dict[str, Any]], context: LambdaContext, wired: Wired) -> dict[str, Any]:
    """Take messages off the queue; those that are named in the answer come again."""

    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    again = []
    for message in messages:
        if remaining_s() < MARGIN_S:
            again.append({"itemIdentifier": message["messageId"]})
            continue
        with log_context(message_id=message["messageId"]):
            try:
                video_id = nudged_video(message["body"])
                if video_id is None:
                    wired.failed_events.settle(message["body"])
                elif wired.webhooks:
                    wired.webhooks.announce(video_id, remaining_s=remaining_s)
            except Exception:  # noqa: BLE001 (one bad message is to keep no other)
                logger().exception("message comes again")
                again.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": again}
