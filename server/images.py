"""`python -m server.images` makes the pictures that the API asks for, until SIGTERM.

Its processes run ffmpeg on uploads, and have no address of the database (ADR 47).
"""

import os
import sys
import threading

from functions.core.settings import SettingsError, positive_int, required
from server.environment import read_secret_files
from server.execution_environment import ExecutionEnvironment
from server.invocations import IMAGES_TIMEOUT_S, Concurrency, invocation_server
from server.stopping import listen_for_stop

_PORT = 8082
_STOP_S = 25


def main() -> None:
    """Answer invocations of IMAGES_FUNCTION on IMAGES_PORT (default 8082)."""
    asked_to_stop = listen_for_stop(ends_after_s=_STOP_S)
    try:
        read_secret_files(os.environ)
        function = required(os.environ, "IMAGES_FUNCTION")
        port = positive_int(os.environ, "IMAGES_PORT", _PORT)
        count = positive_int(os.environ, "WORKER_CONCURRENCY", os.cpu_count() or 1)
    except SettingsError as error:
        sys.exit(str(error))
    environments = [
        ExecutionEnvironment(timeout_s=IMAGES_TIMEOUT_S, function="images") for _ in range(count)
    ]
    with invocation_server(function, ("", port), Concurrency(environments)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked_to_stop.get()
        server.shutdown()
    for environment in environments:
        environment.stop()


if __name__ == "__main__":
    main()
