"""Runs the webhooks function in a process of its own."""

import os
import sys
from functools import partial

from clipo.local import scheduled
from functions.core.settings import SettingsError
from functions.webhooks.handler import handle
from functions.webhooks.wiring import wire


def main() -> None:
    """Run until SIGTERM."""
    try:
        function = partial(handle, webhooks=wire(os.environ))
        scheduled.run("webhooks", function, queue_url=os.environ["WEBHOOK_QUEUE_URL"])
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
