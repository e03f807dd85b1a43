"""A stack in AWS whose failure queue holds messages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class FakeQueues:
    """Every client of the stack is this object."""

    bodies: dict[str, str] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    invoked: list[Any] = field(default_factory=list)
    concurrency: int | None = None
    refuses_after: int = 1000
    hides: bool = True
    """Whether a received message stays hidden until the run ends."""
    logical_id: str = "FailedEvents"

    def holds(self, *events: object) -> None:
        for event in events:
            record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
            self.bodies[f"m{len(self.bodies)}"] = json.dumps(record)

    def __call__(self, _: str) -> "FakeQueues":
        return self

    def get_paginator(self, _: str) -> "FakeQueues":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        found = [
            ("AWS::SQS::Queue", self.logical_id, "https://sqs/failed"),
            ("AWS::Lambda::Function", "ProcessingFunction", "clipo-processing"),
        ]
        names = ("ResourceType", "LogicalResourceId", "PhysicalResourceId")
        yield {"StackResourceSummaries": [dict(zip(names, one, strict=True)) for one in found]}

    def get_function_concurrency(self, **_: str) -> dict[str, int]:
        return (
            {} if self.concurrency is None else {"ReservedConcurrentExecutions": self.concurrency}
        )

    def get_queue_attributes(self, **_: object) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.bodies))}}

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        assert asked["MessageSystemAttributeNames"] == ["SentTimestamp"]
        shown = [one for one in self.bodies if one not in self.hidden]
        taken = shown[: asked["MaxNumberOfMessages"]]
        if self.hides:
            self.hidden.update(taken)
        if not taken:
            return {}
        return {
            "Messages": [
                {
                    "MessageId": one,
                    "ReceiptHandle": one,
                    "Body": self.bodies[one],
                    "Attributes": {"SentTimestamp": str(round(self.sent_at.get(one, 1)))},
                }
                for one in taken
            ]
        }

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("clipo-processing", "Event")
        if len(self.invoked) >= self.refuses_after:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
        self.invoked.append(json.loads(Payload))

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        assert QueueUrl == "https://sqs/failed"
        assert len(self.invoked) > 0, "Lambda must accept the event before it is deleted"
        del self.bodies[ReceiptHandle]
