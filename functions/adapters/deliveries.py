"""The log of webhook deliveries. `mongo/deliveries.py` keeps it in MongoDB."""

from datetime import datetime
from typing import Protocol

from functions.core.access import ALL_OWNERS
from functions.core.delivery_log import (
    DeliveryFilter,
    DeliveryStatus,
    LoggedAttempt,
    LoggedDelivery,
)


class DeliveryLog(Protocol):
    """The log of all deliveries. Every method may raise `CatalogUnavailable`.

    Where a method takes an `owner`, it finds only deliveries of this owner's videos, and for
    `ALL_OWNERS` all deliveries.
    """

    def record(self, delivery: LoggedDelivery, attempt: LoggedAttempt | None) -> None:
        """Store the state of a delivery, and add its latest attempt to those before."""

    def mark(self, delivery_id: str, status: DeliveryStatus, *, due_at: datetime | None) -> None:
        """Change the status of a delivery that is in the log."""

    def get(self, delivery_id: str, *, owner: str | None = ALL_OWNERS) -> LoggedDelivery | None:
        """Return one delivery, or `None` if it is not in the log."""

    def page(
        self,
        only: DeliveryFilter,
        *,
        owner: str | None = ALL_OWNERS,
        after: str | None,
        limit: int,
    ) -> list[LoggedDelivery]:
        """Return up to `limit` deliveries that follow the one with an id, newest first."""
