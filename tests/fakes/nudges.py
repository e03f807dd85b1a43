"""A queue that only remembers what was put on it."""

from dataclasses import dataclass, field

from functions.adapters.webhook_queue import Nudges
from functions.core.unavailable import QueueUnavailable


@dataclass
class FakeNudges(Nudges):
    sent: list[tuple[str, int]] = field(default_factory=list)
    down: bool = False

    def send(self, video_id: str, *, delay_s: int = 0) -> None:
        if self.down:
            raise QueueUnavailable("SQS: ServiceUnavailable")
        self.sent.append((video_id, delay_s))
