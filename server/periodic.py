"""Calls a function again and again, as a schedule does on AWS."""

import queue
import time
from collections.abc import Callable

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import logger
from server.execution_environment import InvocationContext
from server.probe import serve_probe
from server.stopping import listen_for_stop

FUNCTION_TIMEOUT_S = 240
"""The seconds for one call, as on Lambda."""

_STOP_S = 25
_STUCK_S = FUNCTION_TIMEOUT_S + 60


def repeat(call: Callable[[LambdaContext], object], *, every_s: float) -> None:
    """Call until SIGTERM, with a pause of `every_s` between two calls. Raises `SettingsError`.

    A call that is running then has 25 seconds to finish. It can be interrupted at any line.
    """
    asked_to_stop = listen_for_stop(ends_after_s=_STOP_S)
    beats = [time.monotonic()]
    serve_probe(lambda: time.monotonic() - beats[-1] < every_s + _STUCK_S)
    while True:
        beats[-1] = time.monotonic()
        _try_call(call)
        try:
            asked_to_stop.get(timeout=every_s)
        except queue.Empty:
            continue
        return


def _try_call(call: Callable[[LambdaContext], object]) -> None:
    try:
        call(InvocationContext(time.monotonic() + FUNCTION_TIMEOUT_S))
    except Exception:  # noqa: BLE001 (the next call tries again)
        logger().exception("call failed")
