"""Runs upkeep on a timer and feeds it its queues, as EventBridge and SQS do on AWS."""

import os
import queue
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from clipo.errors import ClipoError
from clipo.local.cloud import Cloud, Message
from clipo.local.dispatcher import READY
from clipo.local.execution_environment import InvocationContext
from clipo.local.queued_processing import QueuedProcessing
from functions.adapters.telemetry import logger
from functions.core.settings import SettingsError, positive_int, webhook_queue_url
from functions.upkeep.handler import handle
from functions.upkeep.wiring import wire

FUNCTION_TIMEOUT_S = 240
_EVERY_S = 300
_WAIT_S = 1
_FINISH_S = 3
_HIDDEN_S = FUNCTION_TIMEOUT_S + 60


class Timer:
    """Invokes upkeep when it is time, and for each message of its queues."""

    def __init__(
        self,
        cloud: Cloud,
        invoke: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        queues: Sequence[str],
        every_s: float,
    ) -> None:
        """Take the queues' URLs and what invokes the function."""
        self._cloud = cloud
        self._invoke = invoke
        self._queues = queues
        self._every_s = every_s
        self._next = time.monotonic()

    def tick(self) -> None:
        """Sweep if it is time, then wait a moment for a message.

        Raises `ClipoError` while the queue does not answer.
        """
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            self._invoked(_scheduled_event())
        # Only the last one is waited for, so that the others do not hold it up.
        for url in self._queues:
            self._deliver(url, wait_s=_WAIT_S if url == self._queues[-1] else 0)

    def _deliver(self, url: str, *, wait_s: int) -> None:
        message = self._cloud.receive(url, wait_s=wait_s, hidden_s=_HIDDEN_S)
        if message is None:
            return
        answer = self._invoked(_queue_event(message))
        if answer is not None and not answer["batchItemFailures"]:
            self._cloud.delete(url, message)

    def _invoked(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return self._invoke(event)
        except Exception:  # noqa: BLE001 (Lambda's runtime reports it, and so do we)
            logger().exception("upkeep failed")
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


def main() -> None:
    """Run until SIGTERM: then finish what is at hand, or leave it if it takes long."""
    # Not an Event: a second signal within its lock would wait for the first one for ever.
    asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()

    def stop(*_: object) -> None:
        # What it waits for may have ended, too; and nothing that it does is lost half-way.
        signal.alarm(_FINISH_S)
        asked_to_stop.put(None)

    signal.signal(signal.SIGTERM, stop)
    try:
        every_s = positive_int(os.environ, "CLIPO_UPKEEP_SECONDS", _EVERY_S)
        wired = wire(os.environ, QueuedProcessing(os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    urls = (os.environ["FAILED_EVENTS_QUEUE_URL"], webhook_queue_url(os.environ))
    timer = Timer(
        Cloud(os.environ),
        lambda event: handle(
            event, InvocationContext(time.monotonic() + FUNCTION_TIMEOUT_S), wired
        ),
        queues=list(filter(None, urls)),
        every_s=every_s,
    )
    logger().info(READY)
    while asked_to_stop.empty():
        try:
            timer.tick()
        except ClipoError as error:
            logger().warning("queue unavailable", reason=str(error))
            time.sleep(_WAIT_S)


if __name__ == "__main__":
    main()
