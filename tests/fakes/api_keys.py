"""API keys in memory. `tests/contract/adapters/test_api_keys.py` tests the real ones."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from functions.core.access import ApiKey
from functions.core.unavailable import CatalogUnavailable


@dataclass
class FakeApiKeys:
    records: dict[str, ApiKey] = field(default_factory=dict)
    down: bool = False
    reads: int = 0
    """The number of times that one record was read."""

    def add(self, key: ApiKey) -> None:
        self._answer()
        self.records[key.id] = key

    def get(self, key_id: str) -> ApiKey | None:
        self._answer()
        self.reads += 1
        return self.records.get(key_id)

    def all(self) -> list[ApiKey]:
        self._answer()
        return sorted(self.records.values(), key=lambda key: key.created_at)

    def remove(self, key_id: str) -> None:
        self._answer()
        self.records.pop(key_id, None)

    def record_use(self, key_id: str, at: datetime) -> None:
        self._answer()
        if key_id in self.records:
            self.records[key_id] = replace(self.records[key_id], last_used_at=at)

    def _answer(self) -> None:
        if self.down:
            raise CatalogUnavailable("MongoDB: ServerSelectionTimeoutError")
