"""Webhook receivers in memory. `tests/contract/adapters/test_webhooks.py` tests the real ones."""

from dataclasses import dataclass, field

from functions.core.receivers import Receiver


@dataclass
class FakeReceivers:
    found: dict[str, Receiver] = field(default_factory=dict)

    def add(self, receiver: Receiver) -> None:
        self.found[receiver.id] = receiver

    def get(self, receiver_id: str) -> Receiver | None:
        return self.found.get(receiver_id)

    def all(self) -> list[Receiver]:
        return list(self.found.values())

    def replace(self, receiver: Receiver) -> bool:
        if receiver.id not in self.found:
            return False
        self.found[receiver.id] = receiver
        return True

    def remove(self, receiver_id: str) -> bool:
        return self.found.pop(receiver_id, None) is not None
