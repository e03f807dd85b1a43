"""The records of API keys on a server that speaks MongoDB's protocol."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.access import Scope
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from tests.credentials import api_key

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEY = api_key(created_at=NOW)
BOUND = replace(
    KEY,
    id="ABCDEFGHIJKL",
    scopes=frozenset({Scope.READ}),
    owner="anna",
    created_at=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=1),
)


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[CatalogSettings]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    yield settings
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)


@pytest.fixture
def keys(database: CatalogSettings) -> Iterator[MongoApiKeys]:
    with closing(MongoCatalog(database, pool_size=2, timeout_ms=10_000)) as catalog:
        yield MongoApiKeys(catalog)


def test_a_key_is_found_as_it_was_added(keys: MongoApiKeys) -> None:
    keys.add(KEY)
    keys.add(BOUND)
    assert keys.get(KEY.id) == KEY
    assert keys.get(BOUND.id) == BOUND
    assert keys.get("unknownunkno") is None
    assert keys.all() == [BOUND, KEY]


def test_a_removed_key_stays_removed(keys: MongoApiKeys) -> None:
    keys.add(KEY)
    keys.add(BOUND)
    for _ in range(2):
        keys.remove(KEY.id)
    keys.record_use(KEY.id, NOW)
    assert keys.get(KEY.id) is None
    assert keys.all() == [BOUND]


def test_the_last_use_is_recorded(keys: MongoApiKeys) -> None:
    keys.add(KEY)
    keys.record_use(KEY.id, NOW)
    assert keys.get(KEY.id) == replace(KEY, last_used_at=NOW)


def test_scopes_and_fields_of_a_newer_release_are_ignored(
    keys: MongoApiKeys, database: CatalogSettings
) -> None:
    keys.add(KEY)
    with MongoClient[dict[str, object]](database.uri) as client:
        client[database.database].api_keys.update_one(
            {"_id": KEY.id}, {"$set": {"scopes": ["read", "future"], "colour": "red"}}
        )
    assert keys.get(KEY.id) == replace(KEY, scopes=frozenset({Scope.READ}))


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    settings = CatalogSettings("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "clipo")
    with closing(MongoCatalog(settings, pool_size=1, timeout_ms=200)) as catalog:
        keys = MongoApiKeys(catalog)
        for ask in (lambda: keys.get(KEY.id), keys.all, lambda: keys.add(KEY)):
            with pytest.raises(CatalogUnavailable):
                ask()
