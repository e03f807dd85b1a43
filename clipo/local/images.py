"""Runs the images function in processes of its own, which the API invokes as it does on Lambda.

The name of the function is a secret: pages and programs that do not know it get 404.
"""

import os
import signal
import sys

from clipo.local.ports import LOOPBACK
from clipo.local.ready import signal_ready
from server.execution_environment import ExecutionEnvironment
from server.invocations import IMAGES_TIMEOUT_S, Concurrency, invocation_server


def main() -> None:
    """Run until SIGTERM."""
    environments = [
        ExecutionEnvironment(timeout_s=IMAGES_TIMEOUT_S, function="images")
        for _ in range(max(2, os.cpu_count() or 1))
    ]
    for environment in environments:
        environment.await_start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        address = (LOOPBACK, int(os.environ["IMAGES_PORT"]))
        with invocation_server(
            os.environ["IMAGES_FUNCTION"], address, Concurrency(environments)
        ) as serving:
            signal_ready()
            serving.serve_forever()
    finally:
        for environment in environments:
            environment.stop()


if __name__ == "__main__":
    main()
