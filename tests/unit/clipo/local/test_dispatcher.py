"""Lambda's rules for asynchronous events, with a queue in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from clipo.local.cloud import Cloud, Message
from clipo.local.dispatcher import Dispatcher
from server.execution_environment import InvocationFailed, InvocationInterrupted

EVENT = {"Records": [{"some": "record"}]}


@dataclass
class FakeQueue(Cloud):
    waiting: list[Message] = field(default_factory=list)
    hidden_for: list[int] = field(default_factory=list)
    deleted: list[Message] = field(default_factory=list)
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def receive(self, queue: str, *, wait_s: int, hidden_s: int) -> Message | None:
        assert (queue, wait_s) == ("events", 1)
        assert hidden_s > 120
        return self.waiting.pop(0) if self.waiting else None

    def delete(self, queue: str, message: Message) -> None:
        assert queue == "events"
        self.deleted.append(message)

    def hide(self, queue: str, message: Message, *, seconds: int) -> None:
        assert queue == "events"
        assert message not in self.deleted
        self.hidden_for.append(seconds)

    def send(self, queue: str, body: Mapping[str, Any]) -> None:
        assert not self.deleted, "it must be kept before it is deleted"
        self.sent.append((queue, body))


@dataclass
class Function:
    error: InvocationFailed | None = None
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        if self.error:
            raise self.error


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


def deliver(queue: FakeQueue, function: Function, *, delivery: int = 1) -> Message:
    message = Message(id="m", receipt="r", body=json.dumps(EVENT), delivery=delivery)
    queue.waiting.append(message)
    dispatcher = Dispatcher(queue, function, events="events", failed_events="failed")
    dispatcher.deliver_next()
    return message


def test_an_event_that_is_processed_is_deleted(queue: FakeQueue) -> None:
    function = Function()
    message = deliver(queue, function)
    assert function.events == [EVENT]
    assert queue.deleted == [message]


def test_an_empty_queue_invokes_nothing(queue: FakeQueue) -> None:
    function = Function()
    Dispatcher(queue, function, events="events", failed_events="failed").deliver_next()
    assert function.events == []


@pytest.mark.parametrize(("delivery", "seconds"), [(1, 60), (2, 120)])
def test_an_event_that_fails_comes_again_as_lambda_would_bring_it(
    queue: FakeQueue, delivery: int, seconds: int
) -> None:
    deliver(queue, Function(error=InvocationFailed("down")), delivery=delivery)
    assert queue.hidden_for == [seconds]
    assert queue.deleted == []


@pytest.mark.parametrize(("delivery", "seconds"), [(1, 3), (2, 6)])
def test_when_it_comes_again_can_be_set(queue: FakeQueue, delivery: int, seconds: int) -> None:
    queue.waiting.append(Message("m", "r", json.dumps(EVENT), delivery))
    function = Function(error=InvocationFailed("boom"))
    Dispatcher(queue, function, events="events", failed_events="failed", retry_s=3).deliver_next()
    assert queue.hidden_for == [seconds]


def test_an_event_that_we_interrupted_comes_again_at_once(queue: FakeQueue) -> None:
    deliver(queue, Function(error=InvocationInterrupted("stopping")), delivery=3)
    assert queue.hidden_for == [0]
    assert (queue.deleted, queue.sent) == ([], [])


def test_a_message_that_is_no_event_goes_to_the_failure_queue(queue: FakeQueue) -> None:
    queue.waiting.append(Message(id="m", receipt="r", body="{", delivery=1))
    function = Function()
    Dispatcher(queue, function, events="events", failed_events="failed").deliver_next()
    assert function.events == []
    assert [record["requestPayload"] for _, record in queue.sent] == ["{"]
    assert len(queue.deleted) == 1


def test_an_event_that_failed_three_times_goes_to_the_failure_queue(queue: FakeQueue) -> None:
    message = deliver(queue, Function(error=InvocationFailed("down")), delivery=3)
    assert queue.deleted == [message]
    ((name, record),) = queue.sent
    assert name == "failed"
    assert record["requestPayload"] == EVENT
    assert record["requestContext"] == {
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["responsePayload"] == {"errorMessage": "down"}
