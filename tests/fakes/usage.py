"""Counters of quotas in memory. `tests/contract/adapters/test_usage.py` tests the real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from functions.core.quotas import Quota, Usage
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Video

_EVERY = timedelta(days=1)


class Records(Protocol):
    @property
    def videos(self) -> Mapping[str, Video]: ...
    @property
    def down(self) -> bool: ...


@dataclass
class FakeUsage:
    records: Records = field(repr=False, compare=False)
    counters: dict[str | None, Usage] = field(default_factory=dict)
    recounts: dict[str | None, datetime] = field(default_factory=dict)

    def get(self, owner: str | None) -> Usage:
        self._answer()
        return self.counters.get(owner) or self._count(owner)

    def reserve(self, owner: str | None, size: int, quota: Quota) -> bool:
        self._answer()
        if not quota.is_set:
            self.charge(owner, size)
            return True
        left = quota.left(self.counters.setdefault(owner, self._count(owner)))
        if left.videos == 0 or (left.bytes is not None and left.bytes < size):
            return False
        self._add(owner, 1, size)
        return True

    def charge(self, owner: str | None, size: int) -> None:
        self._answer()
        self._add(owner, 1, size)

    def give_back(self, owner: str | None, size: int) -> None:
        self._add(owner, -1, -size)

    def due(self, now: datetime) -> list[str]:
        self._answer()
        never = datetime.min.replace(tzinfo=UTC)
        waited = [one for one in self.counters if self.recounts.get(one, never) < now - _EVERY]
        return [owner or "$none" for owner in waited]

    def recount(self, counter: str, now: datetime) -> bool:
        self._answer()
        owner = None if counter == "$none" else counter
        self.recounts[owner] = now
        wrong = self.counters[owner] != self._count(owner)
        self.counters[owner] = self._count(owner)
        return wrong

    def _add(self, owner: str | None, videos: int, size: int) -> None:
        if counter := self.counters.get(owner):
            self.counters[owner] = Usage(counter.videos + videos, counter.bytes + size)

    def _count(self, owner: str | None) -> Usage:
        counted = [
            one for one in self.records.videos.values() if one.owner == owner and one.charged
        ]
        return Usage(len(counted), sum(one.declared_size for one in counted))

    def _answer(self) -> None:
        if self.records.down:
            raise CatalogUnavailable("MongoDB: ServerSelectionTimeoutError")
