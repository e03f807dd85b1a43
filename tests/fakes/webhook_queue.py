"""A webhook queue that only records its messages."""

from dataclasses import dataclass, field

from functions.adapters.jobs import WebhookQueue
from functions.core.unavailable import QueueUnavailable


@dataclass
class FakeWebhookQueue(WebhookQueue):
    enqueued: list[tuple[str, int]] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    down: bool = False

    def enqueue(self, video_id: str, *, delay_s: int = 0) -> None:
        if self.down:
            raise QueueUnavailable("SQS: ServiceUnavailable")
        self.enqueued.append((video_id, delay_s))

    def enqueue_test(self, delivery_id: str) -> None:
        if self.down:
            raise QueueUnavailable("SQS: ServiceUnavailable")
        self.tests.append(delivery_id)
