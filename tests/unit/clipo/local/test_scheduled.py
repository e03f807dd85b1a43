"""The parts of EventBridge and SQS for a function that runs locally, with a queue in memory."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from clipo.local.cloud import Cloud, Message
from clipo.local.scheduled import Timer
from functions.core.unavailable import CatalogUnavailable
from tests.events import event


@dataclass
class FakeQueue(Cloud):
    waiting: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    deleted: list[tuple[str, Message]] = field(default_factory=list)

    def receive(self, queue: str, *, wait_s: int, hidden_s: int) -> Message | None:
        assert wait_s > 0
        assert hidden_s > 240
        waiting = self.waiting[queue]
        return waiting.pop(0) if waiting else None

    def delete(self, queue: str, message: Message) -> None:
        self.deleted.append((queue, message))


@dataclass
class Function:
    answer: dict[str, Any] = field(default_factory=lambda: {"batchItemFailures": []})
    error: Exception | None = None
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        self.events.append(event)
        if self.error:
            raise self.error
        return self.answer


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


def timer(queue: FakeQueue, function: Function, *, every_s: float = 300) -> Timer:
    return Timer(queue, function, name="upkeep", queue="failed", every_s=every_s)


def deliver(queue: FakeQueue, function: Function) -> Message:
    message = Message(id="m", receipt="r", body="{}", delivery=1)
    queue.waiting["failed"].append(message)
    timer(queue, function).tick()
    return message


def test_the_first_sweep_is_at_the_start_and_the_next_when_it_is_time(queue: FakeQueue) -> None:
    function = Function()
    seldom = timer(queue, function)
    for _ in range(3):
        seldom.tick()
    assert len(function.events) == 1
    often = timer(queue, function, every_s=0)
    for _ in range(3):
        often.tick()
    assert len(function.events) == 4


def test_events_have_the_shape_of_those_on_aws(queue: FakeQueue) -> None:
    function = Function()
    deliver(queue, function)
    scheduled, batch = function.events
    assert scheduled["detail-type"] == event("schedule")["detail-type"]
    assert set(scheduled) < set(event("schedule"))
    assert set(batch["Records"][0]) < set(event("sqs-failed-events")["Records"][0])


def test_a_message_that_was_settled_is_deleted(queue: FakeQueue) -> None:
    message = deliver(queue, Function())
    assert queue.deleted == [("failed", message)]


@pytest.mark.parametrize(
    "function",
    [
        Function(answer={"batchItemFailures": [{"itemIdentifier": "m"}]}),
        Function(error=CatalogUnavailable("MongoDB: down")),
    ],
)
def test_a_message_that_could_not_be_settled_comes_again(
    queue: FakeQueue, function: Function
) -> None:
    deliver(queue, function)
    assert len(function.events) == 2, "a sweep that fails does not end the process"
    assert queue.deleted == []
