"""Runs the upkeep function in a process of its own."""

import os
import sys
from functools import partial

from clipo.local import scheduled
from clipo.local.queued_processing import QueuedProcessing
from functions.core.settings import SettingsError
from functions.upkeep.handler import handle
from functions.upkeep.wiring import wire


def main() -> None:
    """Run until SIGTERM."""
    try:
        function = partial(handle, wired=wire(os.environ, QueuedProcessing(os.environ)))
        scheduled.run("upkeep", function, queue_url=os.environ["FAILED_EVENTS_QUEUE_URL"])
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
