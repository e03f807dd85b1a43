"""`python -m server.upkeep` keeps videos from getting stuck, until SIGTERM."""

import os
import sys

from functions.adapters.lambda_context import LambdaContext
from functions.core.settings import SettingsError, positive_int
from functions.upkeep.handler import handle
from functions.upkeep.wiring import wire
from server.environment import read_secret_files
from server.periodic import repeat
from server.polled_processing import PolledProcessing

_EVERY_S = 300


def main() -> None:
    """Run every UPKEEP_SECONDS (default 300)."""
    try:
        read_secret_files(os.environ)
        wired = wire(os.environ, PolledProcessing())

        def sweep(context: LambdaContext) -> None:
            handle({"detail-type": "Scheduled Event"}, context, wired)

        repeat(sweep, every_s=positive_int(os.environ, "UPKEEP_SECONDS", _EVERY_S))
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
