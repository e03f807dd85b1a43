"""The failure queue of a stack in AWS, whose events `clipo redrive` sends to processing again.

The wheel does not require boto3, so only that command imports this module.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from clipo.cli.deployed_stack import Client, is_paused, resources
from clipo.errors import ClipoError, Misuse

_BATCH = 10
"""The most messages that SQS returns at once."""

_WAIT_S = 2
"""The time to wait for messages. Without it SQS asks a part of its servers only."""

_HIDDEN_S = 60
"""The time after which a message comes back that was received and not deleted."""


@dataclass(slots=True)
class Redriven:
    """The result of a run."""

    redriven: int = 0
    """The number of events that Lambda has accepted."""
    not_understood: int = 0
    """The number of messages without an event, which stay on the queue."""


@dataclass(frozen=True, slots=True)
class FailureQueue:
    """The failure queue of a stack, and its processing function."""

    client: Client
    url: str
    function: str

    def check_running(self) -> None:
        """Raise `Misuse` while processing is paused.

        Lambda would accept the events, and return them to the failure queue at once.
        """
        if is_paused(self.client, self.function):
            raise Misuse(
                f"{self.function} is paused, and would send the events back. First resume it:"
                " see Pause processing in docs/operations.md."
            )

    def waiting(self) -> int:
        """Return about how many messages wait."""
        name = "ApproximateNumberOfMessages"
        asked = self.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(asked["Attributes"][name])

    def redrive(
        self, report: Redriven, *, limit: int | None, progress: Callable[[int], None]
    ) -> None:
        """Send up to `limit` events to processing, and remove each that Lambda has accepted.

        A run leaves the messages that arrive after its start: they may be of its own events.
        """
        started_ms = time.time() * 1000
        left: set[str] = set()
        while limit is None or report.redriven < limit:
            messages = self._receive(min(_BATCH, limit - report.redriven) if limit else _BATCH)
            fresh = [one for one in messages if one["MessageId"] not in left]
            if not fresh:
                return
            for message in fresh:
                is_later = int(message["Attributes"]["SentTimestamp"]) > started_ms
                if is_later or not self._redrive(message, report):
                    left.add(message["MessageId"])
            progress(report.redriven)

    def _receive(self, count: int) -> list[dict[str, Any]]:
        answer = self.client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=_WAIT_S,
            VisibilityTimeout=_HIDDEN_S,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _redrive(self, message: dict[str, Any], report: Redriven) -> bool:
        """Send a message's event to processing; return `False` if the message has none."""
        try:
            event = json.loads(message["Body"])["requestPayload"]
        except (ValueError, KeyError, TypeError):
            report.not_understood += 1
            return False
        self.client("lambda").invoke(
            FunctionName=self.function, InvocationType="Event", Payload=json.dumps(event)
        )
        # If this fails, processing gets the event twice, which is harmless.
        self.client("sqs").delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        report.redriven += 1
        return True


def find(client: Client, stack: str) -> FailureQueue:
    """Return the failure queue of a stack. Raises `Misuse` if it is not a stack of Clipo."""
    found = resources(client, stack)
    url = found.of_type("SQS::Queue").get("FailedEvents")
    function = found.of_type("Lambda::Function").get("ProcessingFunction")
    if url is None or function is None:
        raise Misuse(f"{stack} is not a stack of Clipo. aws cloudformation list-stacks has names.")
    return FailureQueue(client, url, function)


def redrive(
    client: Client, stack: str, *, limit: int | None, progress: Callable[[int, int], None]
) -> Redriven:
    """Send the waiting events of a stack to processing again. Raises `ClipoError`."""
    report = Redriven()
    try:
        queue = find(client, stack)
        queue.check_running()
        waiting = queue.waiting()
        total = min(waiting, limit) if limit else waiting
        queue.redrive(report, limit=limit, progress=lambda done: progress(done, max(done, total)))
    except (BotoCoreError, ClientError) as error:
        raise ClipoError(
            f"AWS: {str(error).rstrip('.')}. {report.redriven} events were sent to processing;"
            " the others are still on the queue."
        ) from error
    return report
