"""The webhooks Lambda: delivers results to the operator's receivers.

A schedule and the webhook queue invoke it.
"""

import os
from dataclasses import asdict
from functools import cache
from typing import Any

from functions.adapters.jobs import enqueued_test, enqueued_video
from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import logger
from functions.adapters.triggers import RemainingTime, dispatch
from functions.webhooks.deliver import MARGIN_S, Webhooks
from functions.webhooks.wiring import wire


@cache
def _wired() -> Webhooks:
    return wire(os.environ)


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Attempt every webhook that is due, or those that the queue messages name."""
    return handle(event, context, _wired())


def handle(event: Any, context: LambdaContext, webhooks: Webhooks) -> dict[str, Any]:
    """Handle an event with the given `webhooks`. Raises `UnknownEvent` and `CatalogUnavailable`."""

    def settle(body: str) -> None:
        if video_id := enqueued_video(body):
            webhooks.deliver(video_id)
        elif test_id := enqueued_test(body):
            webhooks.send_test(test_id)
        else:
            logger().error("webhook message not understood")

    def run(remaining_s: RemainingTime) -> dict[str, Any]:
        report = asdict(webhooks.run(remaining_s=remaining_s))
        logger().info("looked for webhooks", **report)
        return report

    return dispatch(event, context, run=run, settle=settle, margin_s=MARGIN_S, parallel=True)
