"""`python -m server.webhooks` delivers results to the operator's receiver, until SIGTERM.

It needs no queue: it looks for due webhooks in the records, every second.
"""

import os
import sys

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import logger
from functions.core.settings import SettingsError
from functions.webhooks.deliver import DeliveryReport
from functions.webhooks.wiring import wire
from server.environment import read_secret_files
from server.periodic import repeat

_EVERY_S = 1
_NO_QUEUE = {"WEBHOOK_QUEUE_URL": "none: the record has the due time"}


def main() -> None:
    """Look for due webhooks every second."""
    try:
        read_secret_files(os.environ)
        webhooks = wire({**os.environ, **_NO_QUEUE})

        def deliver(context: LambdaContext) -> None:
            report = webhooks.run(remaining_s=lambda: context.get_remaining_time_in_millis() / 1000)
            if report != DeliveryReport():
                logger().info("webhooks attempted", delivered=report.delivered)

        repeat(deliver, every_s=_EVERY_S)
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
