"""The records of one owner, in a database that speaks MongoDB's protocol."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.catalog import KeyUse
from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.quotas import Quota, Usage
from functions.core.settings import CatalogSettings
from tests.credentials import api_key
from tests.examples import CREATED, done_video, video

OWNERS = ("anna", "anna2", "ann", "anna!", None)


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    with closing(MongoCatalog(settings, pool_size=4, timeout_ms=10_000)) as made:
        made.ensure_schema()
        yield made
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(settings.database)


@pytest.fixture
def stored(catalog: MongoCatalog) -> dict[str | None, tuple[str, str]]:
    """Return the ids of each owner's video and of its deleted video."""
    made = {}
    for owner in OWNERS:
        kept, deleted = new_video_id(), new_video_id()
        for video_id in (kept, deleted):
            catalog.add(video(video_id, owner=owner))
        catalog.delete(deleted)
        catalog.reserve(KeyUse("key-1", "f", kept, CREATED, owner))
        catalog.usage.reserve(owner, 5, Quota(videos=9))
        made[owner] = (kept, deleted)
    return made


def all_records(catalog: MongoCatalog, owner: str, *, limit: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while page := catalog.owner_data.records(
        owner, after=found[-1] if found else None, limit=limit
    ):
        assert len(page) <= limit
        found += [(one.kind, one.id) for one in page]
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_records_of_an_owner_are_found_in_pages(
    catalog: MongoCatalog, stored: dict[str | None, tuple[str, str]], limit: int
) -> None:
    MongoApiKeys(catalog).add(api_key(owner="anna"))
    kept, deleted = stored["anna"]
    assert all_records(catalog, "anna", limit=limit) == [
        ("videos", kept),
        ("deleted_videos", deleted),
        ("idempotency_keys", "anna key-1"),
        ("owner_usage", "anna"),
        ("api_keys", "abcdefghijkl"),
    ]


def test_a_record_is_complete_json_without_secrets(catalog: MongoCatalog) -> None:
    done = replace(done_video(), owner="anna")
    catalog.add(done)
    MongoApiKeys(catalog).add(api_key(owner="anna"))
    by_kind = {one.kind: one for one in catalog.owner_data.records("anna", after=None, limit=9)}
    fields = json.loads(json.dumps(by_kind["videos"].fields))
    assert fields["filename"] == done.filename
    assert fields["created_at"] == "2026-01-02T03:04:05.678Z"
    assert fields["owner"] == "anna"
    assert "hash" not in by_kind["api_keys"].fields


def test_no_other_owners_records_are_forgotten(
    catalog: MongoCatalog, stored: dict[str | None, tuple[str, str]]
) -> None:
    (tombstone,) = catalog.owner_data.tombstones("anna", limit=5)
    assert (tombstone.id, tombstone.purge) == (stored["anna"][1], False)
    catalog.owner_data.forget_owner_of(tombstone)
    assert catalog.owner_data.tombstones("anna", limit=5) == []
    left = catalog.deleted(tombstone.id)
    assert left
    assert left.owner is None
    forgotten = catalog.owner_data.forget("anna")
    assert (forgotten.idempotency_keys, forgotten.counters) == (1, 1)
    catalog.delete(stored["anna"][0])
    assert all_records(catalog, "anna", limit=5) == [("deleted_videos", stored["anna"][0])]
    for owner in ("anna2", "ann", "anna!"):
        assert len(all_records(catalog, owner, limit=5)) == 4
    assert catalog.usage.get(None) == Usage(2, 1005)
    assert catalog.first_use(KeyUse("key-1", "f", "", CREATED, None))
