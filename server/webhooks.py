"""`python -m server.webhooks` delivers results to the operator's receiver, until SIGTERM.

It needs no queue: it looks for due webhooks in the records, every second.
"""

import os
import sys
from dataclasses import replace

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import logger
from functions.core.settings import SettingsError
from functions.webhooks.deliver import DeliveryReport
from functions.webhooks.wiring import wire
from server.environment import read_secret_files
from server.periodic import repeat
from server.polled_webhooks import polled_webhooks

_EVERY_S = 1


def main() -> None:
    """Look for due webhooks every second."""
    try:
        read_secret_files(os.environ)
        # The setting turns webhooks on. Nothing is sent to this address.
        wired = wire({**os.environ, "WEBHOOK_QUEUE_URL": "none"})
        webhooks = replace(wired, queue=polled_webhooks())

        def deliver(context: LambdaContext) -> None:
            report = webhooks.run(remaining_s=lambda: context.get_remaining_time_in_millis() / 1000)
            if report != DeliveryReport():
                logger().info("webhooks attempted", delivered=report.delivered)

        repeat(deliver, every_s=_EVERY_S)
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
