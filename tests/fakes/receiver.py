"""A webhook receiver with a configurable answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from functions.webhooks.outbound import Answer, NotAnswered


@dataclass
class FakeReceiver:
    answer: int | None = 204
    retry_after: timedelta = timedelta()
    meanwhile: Callable[[], None] = lambda: None
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self.got.append((headers, body))
        self.meanwhile()
        if self.answer is None:
            raise NotAnswered("no answer: TimeoutError")
        return Answer(self.answer, self.retry_after)

    def close(self) -> None:
        """Close nothing."""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]
