"""Carries bucket events to the processing handler, by the rules of Lambda's async invocations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from clipo.errors import ClipoError
from clipo.local.cloud import Cloud, Message
from clipo.local.ready import signal_ready
from functions.adapters.telemetry import logger
from functions.core.settings import SettingsError, positive_int
from server.execution_environment import (
    ExecutionEnvironment,
    InvocationFailed,
    InvocationInterrupted,
)

FUNCTION_TIMEOUT_S = 120
RETRY_S = 60
"""Delay before the first retry, as on Lambda. The second retry waits twice as long."""

_RETRIES = 2

_RECEIVE_WAIT_S = 1
_HIDDEN_S = FUNCTION_TIMEOUT_S + 60
_PAUSE_S = 1
_FINISH_S = 2


class Dispatcher:
    """Delivers events one by one."""

    def __init__(
        self,
        cloud: Cloud,
        invoke: Callable[[Mapping[str, Any]], Any],
        *,
        events: str,
        failed_events: str,
        retry_s: int = RETRY_S,
    ) -> None:
        """Take two queues' URLs, the call that invokes the function, and the first delay."""
        self._cloud = cloud
        self._invoke = invoke
        self._events = events
        self._failed_events = failed_events
        self._retry_s = retry_s

    def deliver_next(self) -> None:
        """Wait a second for an event, then process it, schedule its retry or give it up.

        Raises `ClipoError` while the queue does not answer.
        """
        message = self._cloud.receive(self._events, wait_s=_RECEIVE_WAIT_S, hidden_s=_HIDDEN_S)
        if message is None:
            return
        try:
            event = json.loads(message.body)
        except ValueError as error:
            self._give_up(message, message.body, error)
            return
        try:
            self._invoke(event)
        except InvocationInterrupted:
            self._cloud.hide(self._events, message, seconds=0)
        except InvocationFailed as error:
            self._try_again_or_give_up(message, event, error)
        else:
            self._cloud.delete(self._events, message)

    def _try_again_or_give_up(self, message: Message, event: object, error: Exception) -> None:
        if message.delivery <= _RETRIES:
            delay = self._retry_s * message.delivery
            logger().warning("event will be retried", seconds=delay, reason=str(error))
            self._cloud.hide(self._events, message, seconds=delay)
            return
        self._give_up(message, event, error)

    def _give_up(self, message: Message, event: object, error: Exception) -> None:
        logger().error("event given up", deliveries=message.delivery, reason=str(error))
        self._cloud.send(self._failed_events, _failure_record(message, event, error))
        self._cloud.delete(self._events, message)


def _failure_record(message: Message, event: object, error: Exception) -> dict[str, Any]:
    """Return the record that Lambda sends to an OnFailure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {
            "condition": "RetriesExhausted",
            "approximateInvokeCount": message.delivery,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": str(error)},
    }


def _work(
    cloud: Cloud, environment: ExecutionEnvironment, stopping: threading.Event, retry_s: int
) -> None:
    dispatcher = Dispatcher(
        cloud,
        environment.invoke,
        events=os.environ["EVENTS_QUEUE_URL"],
        failed_events=os.environ["FAILED_EVENTS_QUEUE_URL"],
        retry_s=retry_s,
    )
    while not stopping.is_set():
        try:
            dispatcher.deliver_next()
        except ClipoError as error:
            logger().warning("queue unavailable", reason=str(error))
            stopping.wait(_PAUSE_S)
    environment.stop()


def main() -> None:
    """Run until SIGTERM. Events not processed 2 seconds later go back to the queue."""
    # An Event could deadlock: a second signal may arrive while `set` holds the Event's lock.
    asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.put(None))
    stopping = threading.Event()
    try:
        retry_s = positive_int(os.environ, "CLIPO_RETRY_SECONDS", RETRY_S)
    except SettingsError as error:
        sys.exit(str(error))
    cloud = Cloud(os.environ)
    environments = [
        ExecutionEnvironment(timeout_s=FUNCTION_TIMEOUT_S)
        for _ in range(max(2, os.cpu_count() or 1))
    ]
    for environment in environments:
        environment.await_start()
    workers = [
        threading.Thread(target=_work, args=(cloud, environment, stopping, retry_s))
        for environment in environments
    ]
    for worker in workers:
        worker.start()
    signal_ready()
    asked_to_stop.get()
    stopping.set()
    ends = time.monotonic() + _FINISH_S
    for worker, environment in zip(workers, environments, strict=True):
        worker.join(max(0, ends - time.monotonic()))
        if worker.is_alive():
            environment.interrupt()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
