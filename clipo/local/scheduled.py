"""Calls a function on a timer and with messages of a queue, as EventBridge and SQS do on AWS."""

import os
import queue
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from clipo.errors import ClipoError
from clipo.local.cloud import Cloud, Message
from clipo.local.ready import signal_ready
from functions.adapters.telemetry import logger
from functions.core.settings import positive_int
from server.execution_environment import InvocationContext

FUNCTION_TIMEOUT_S = 240
_EVERY_S = 300
_WAIT_S = 1
_FINISH_S = 3
_HIDDEN_S = FUNCTION_TIMEOUT_S + 60


Function = Callable[[Mapping[str, Any], InvocationContext], Mapping[str, Any]]
"""A Lambda function: an event and its context to an answer."""


class Timer:
    """Invokes a function when it is time, and for each message of its queue."""

    def __init__(
        self,
        cloud: Cloud,
        invoke: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        name: str,
        queue: str,
        every_s: float,
    ) -> None:
        """Take the function's name, for the log, and its queue's URL."""
        self._cloud = cloud
        self._invoke = invoke
        self._name = name
        self._queue = queue
        self._every_s = every_s
        self._next = time.monotonic()

    def tick(self) -> None:
        """Make the scheduled call if it is time, then wait a moment for a message.

        Raises `ClipoError` while the queue does not answer.
        """
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            self._try_invoke(_scheduled_event())
        message = self._cloud.receive(self._queue, wait_s=_WAIT_S, hidden_s=_HIDDEN_S)
        if message is None:
            return
        answer = self._try_invoke(_queue_event(message))
        if answer is not None and not answer["batchItemFailures"]:
            self._cloud.delete(self._queue, message)

    def _try_invoke(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return self._invoke(event)
        except Exception:  # noqa: BLE001 (Lambda's runtime reports it, and so do we)
            logger().exception("%s failed", self._name)
            return None


def _scheduled_event() -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": datetime.now(UTC).isoformat(),
        "detail": {},
    }


def _queue_event(message: Message) -> dict[str, Any]:
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.delivery)},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


def run(name: str, function: Function, *, queue_url: str) -> None:
    """Run a function until SIGTERM. A call that is running then has 3 seconds to finish.

    CLIPO_UPKEEP_SECONDS (default 300) is the time between two scheduled calls. Raises
    `SettingsError`.
    """
    every_s = positive_int(os.environ, "CLIPO_UPKEEP_SECONDS", _EVERY_S)
    timer = Timer(
        Cloud(os.environ),
        lambda event: function(event, InvocationContext(time.monotonic() + FUNCTION_TIMEOUT_S)),
        name=name,
        queue=queue_url,
        every_s=every_s,
    )
    asked_to_stop = _sigterm()
    signal_ready()
    while asked_to_stop.empty():
        try:
            timer.tick()
        except ClipoError as error:
            logger().warning("queue unavailable", reason=str(error))
            time.sleep(_WAIT_S)


def _sigterm() -> "queue.SimpleQueue[None]":
    """Return a queue that gets an item when SIGTERM arrives."""
    # An Event could deadlock: a second signal may arrive while `set` holds the Event's lock.
    asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()

    def stop(*_: object) -> None:
        # The alarm ends the process, because the call may wait for a service that has stopped.
        # Clipo repeats an interrupted call after the next start.
        signal.alarm(_FINISH_S)
        asked_to_stop.put(None)

    signal.signal(signal.SIGTERM, stop)
    return asked_to_stop
