"""A delivery log in memory. `tests/contract/adapters/test_webhooks.py` tests the real one."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from functions.core.access import ALL_OWNERS
from functions.core.delivery_log import (
    DeliveryFilter,
    DeliveryStatus,
    LoggedAttempt,
    LoggedDelivery,
)


@dataclass
class FakeDeliveries:
    found: dict[str, LoggedDelivery] = field(default_factory=dict)

    def record(self, delivery: LoggedDelivery, attempt: LoggedAttempt | None) -> None:
        known = self.found.get(delivery.id, delivery)
        attempts = (*known.attempts, attempt) if attempt else known.attempts
        self.found[delivery.id] = replace(delivery, attempts=attempts)

    def mark(self, delivery_id: str, status: DeliveryStatus, *, due_at: datetime | None) -> None:
        if known := self.found.get(delivery_id):
            self.found[delivery_id] = replace(known, status=status, due_at=due_at)

    def get(self, delivery_id: str, *, owner: str | None = ALL_OWNERS) -> LoggedDelivery | None:
        found = self.found.get(delivery_id)
        return found if found and owner in (ALL_OWNERS, found.owner) else None

    def page(
        self,
        only: DeliveryFilter,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None,
        limit: int,
    ) -> list[LoggedDelivery]:
        wanted = [
            one
            for name, one in sorted(self.found.items(), reverse=True)
            if (after is None or name < after)
            and owner in (ALL_OWNERS, one.owner)
            and only.video_id in (None, one.video_id)
            and only.receiver in (None, one.receiver)
            and only.status in (None, one.status)
        ]
        return wanted[:limit]
