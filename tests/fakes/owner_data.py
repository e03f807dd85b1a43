"""The records of each owner in memory, from a fake catalog."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from functions.adapters.owner_data import Forgotten, StoredRecord
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import DeletedVideo

if TYPE_CHECKING:
    from tests.fakes.catalog import FakeCatalog


@dataclass
class FakeOwnerData:
    catalog: "FakeCatalog" = field(repr=False, compare=False)

    def records(
        self, owner: str, *, after: tuple[str, str] | None, limit: int
    ) -> list[StoredRecord]:
        self._answer()
        videos = sorted(self.catalog.videos.values(), key=lambda one: one.id)
        found = [
            StoredRecord("videos", one.id, {"filename": one.filename, "status": one.status})
            for one in videos
            if one.owner == owner
        ]
        found += [
            StoredRecord("deleted_videos", one.id, {"purge": one.purge})
            for one in self.catalog.tombstones.values()
            if one.owner == owner
        ]
        places = [(one.kind, one.id) for one in found]
        begin = places.index(after) + 1 if after else 0
        return found[begin : begin + limit]

    def tombstones(self, owner: str, *, limit: int) -> list[DeletedVideo]:
        self._answer()
        return [one for one in self.catalog.tombstones.values() if one.owner == owner][:limit]

    def forget_owner_of(self, tombstone: DeletedVideo) -> None:
        self._answer()
        known = self.catalog.tombstones[tombstone.id]
        self.catalog.tombstones[tombstone.id] = replace(known, owner=None)

    def forget(self, owner: str) -> Forgotten:
        self._answer()
        keys = [key for key in self.catalog.keys if key[0] == owner]
        for key in keys:
            del self.catalog.keys[key]
        counter = self.catalog.usage.counters.pop(owner, None)
        return Forgotten(len(keys), counter is not None)

    def _answer(self) -> None:
        if self.catalog.down:
            raise CatalogUnavailable("MongoDB: ServerSelectionTimeoutError")
