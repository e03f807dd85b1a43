"""A database of release 0.1 is migrated; a new one needs no migration."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from functions.adapters.mongo import schema
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.listing import name_key
from functions.core.settings import CatalogSettings
from functions.core.video import Status, Webhook
from tests.examples import uploaded, video
from tests.release_0_1 import LATER, Release01

CURRENT = {
    "_id_",
    "status_-1__id_-1",
    "owner_-1__id_-1",
    "owner_-1_status_-1__id_-1",
    "name_key_1",
    "owner_-1_name_key_1",
    "passthrough_1__id_-1",
    "owner_-1_passthrough_1__id_-1",
    "error.code_1__id_-1",
    "claimable_at_1",
    "webhook.due_at_1",
    "webhook.id_1",
    "remove_at_1",
}


def show_nothing(*_: object) -> None:
    """Report no progress."""


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[dict[str, Any]]]:
    name = f"test-{ObjectId()}"
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def catalog(database: Database[dict[str, Any]], mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database.name)
    with closing(MongoCatalog(settings, pool_size=1, timeout_ms=10_000)) as made:
        yield made


@pytest.fixture
def old(database: Database[dict[str, Any]]) -> Release01:
    release = Release01(database.videos)
    release.ensure_indexes()
    return release


def in_every_state(old: Release01) -> dict[str, str]:
    """Add a record of release 0.1 in each state; return the ids by the states' names."""
    states = ["pending", "retried", "processing", "released", "done", "delivered", "failed"]
    ids = {name: new_video_id() for name in states}
    for name, video_id in ids.items():
        old.add(video_id)
        if name != "pending":
            assert old.claim(uploaded(video_id))
    assert old.release(ids["released"])
    assert old.fail(ids["retried"])
    assert old.retry(ids["retried"])
    assert old.fail(ids["failed"])
    assert old.complete(ids["done"])
    assert old.complete(ids["delivered"])
    assert old.deliver_webhook(ids["delivered"])
    return ids


def unfinished(catalog: MongoCatalog, before: datetime = LATER + timedelta(days=1)) -> set[str]:
    return {found.id for found in catalog.unfinished(before=before)}


def video_indexes(database: Database[dict[str, Any]]) -> set[str]:
    return set(database.videos.index_information())


def test_a_database_of_release_0_1_is_left_to_the_migration(
    database: Database[dict[str, Any]], catalog: MongoCatalog, old: Release01
) -> None:
    ids = in_every_state(old)
    before = video_indexes(database)
    assert catalog.ensure_schema() is False
    assert video_indexes(database) == before
    assert unfinished(catalog) == {
        ids[name] for name in ("pending", "retried", "processing", "released")
    }, "the sweep finds them before the migration, too"


def test_a_migration_changes_only_versions_keys_and_indexes(
    database: Database[dict[str, Any]], catalog: MongoCatalog, old: Release01
) -> None:
    ids = in_every_state(old)
    database.searches.insert_one({"_id": "leftovers", "after": "uploads/a", "due_at": LATER})
    documents = {name: old.document(video_id) for name, video_id in ids.items()}
    found = unfinished(catalog)

    migration = catalog.migrate(show_nothing)

    assert migration == schema.Migration(records=len(ids), indexes_built=20, indexes_dropped=2)
    for name, video_id in ids.items():
        key = name_key(documents[name]["filename"], video_id)
        assert old.document(video_id) == documents[name] | {"version": 1, "name_key": key}
    assert video_indexes(database) == CURRENT
    assert database.videos.index_information()["claimable_at_1"]["sparse"] is True
    assert database.searches.find_one({"_id": "leftovers"}) is None
    assert catalog.ensure_schema() is True
    assert unfinished(catalog) == found
    delivered = catalog.get(ids["delivered"])
    assert delivered
    assert delivered.webhook == Webhook("msg_0_1", None, 0, 204, LATER)

    assert catalog.migrate(show_nothing) == schema.Migration(0, 0, 0), "again it changes nothing"


def test_an_interrupted_migration_continues(
    database: Database[dict[str, Any]],
    catalog: MongoCatalog,
    old: Release01,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "_BATCH", 2)
    ids = in_every_state(old)

    def stop(_: str, done: int, total: int) -> None:
        assert total == len(ids)
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.migrate(stop)
    assert database.videos.count_documents({"version": 1}) == 2
    assert catalog.ensure_schema() is False
    assert len(unfinished(catalog)) == 4
    assert catalog.migrate(show_nothing).records == len(ids) - 2
    assert catalog.ensure_schema() is True


def test_progress_says_how_much_is_done(
    catalog: MongoCatalog, old: Release01, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_BATCH", 3)
    in_every_state(old)
    seen: list[tuple[str, int, int]] = []
    catalog.migrate(lambda *step: seen.append(step))
    assert seen == [
        *(("records", done, 7) for done in (0, 3, 6, 7)),
        *(("indexes", done, 7) for done in range(8)),
    ]


def test_a_new_database_needs_no_migration_although_videos_came_before_upkeep(
    database: Database[dict[str, Any]], catalog: MongoCatalog
) -> None:
    catalog.add(video(new_video_id()))
    assert catalog.ensure_schema() is True
    assert video_indexes(database) == CURRENT
    assert catalog.migrate(show_nothing) == schema.Migration(0, 0, 0)


def test_a_database_of_a_newer_release_stays_as_it_is(
    database: Database[dict[str, Any]], catalog: MongoCatalog
) -> None:
    """Release 0.2 may run again after a roll-back from a release with another schema."""
    newer = {"_id": "schema", "version": schema.VERSION + 1}
    database.schema.insert_one(newer)
    assert catalog.ensure_schema() is True
    assert video_indexes(database) == set()
    catalog.migrate(show_nothing)
    assert list(database.schema.find()) == [newer]


def add_expired(old: Release01, **changes: Any) -> str:
    """Add an announcement that release 0.1 has failed because no upload arrived."""
    video_id = new_video_id()
    old.add(video_id)
    error = {"code": "upload_expired", "message": "No file arrived.", "retryable": False}
    expired = {"status": "failed", "error": error} | changes
    update = {"$set": expired, "$unset": {"claimable_at": ""}}
    old.videos.update_one({"_id": ObjectId(video_id)}, update)
    return video_id


def test_expired_announcements_of_release_0_1_are_removed_after_a_week(
    catalog: MongoCatalog, old: Release01
) -> None:
    expired, uploaded_once = add_expired(old), add_expired(old, source={"etag": "a", "size": 1})
    read_before = catalog.get(expired)
    assert read_before
    assert catalog.migrate(show_nothing).records == 3
    in_a_week = datetime.now(UTC) + timedelta(days=7)
    assert abs(old.document(expired)["remove_at"] - in_a_week) < timedelta(hours=1)
    assert "remove_at" not in old.document(uploaded_once)
    assert catalog.save(read_before, replace(read_before, status=Status.PENDING)) is None
    assert catalog.migrate(show_nothing).records == 0


def test_mongodb_removes_failed_announcements_only(
    database: Database[dict[str, Any]], catalog: MongoCatalog
) -> None:
    catalog.ensure_schema()
    index = database.videos.index_information()["remove_at_1"]
    assert index["expireAfterSeconds"] == 0
    # A video that release 0.1 has processed after a roll-back keeps its `remove_at`.
    filtered = {"status": "failed", "error.code": "upload_expired"}
    assert index["partialFilterExpression"] == filtered


def test_a_database_of_schema_2_is_left_to_the_migration(
    database: Database[dict[str, Any]], catalog: MongoCatalog
) -> None:
    database.schema.insert_one({"_id": "schema", "version": 2})
    assert catalog.ensure_schema() is False
    assert video_indexes(database) == set()
    catalog.migrate(show_nothing)
    assert catalog.ensure_schema() is True


class Commands(CommandListener):
    """Collects the commands that a client sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


def test_no_step_of_a_migration_has_a_time_limit(
    database: Database[dict[str, Any]],
    old: Release01,
    mongodb_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MongoDB would abort an index build at the limit."""
    in_every_state(old)
    commands = Commands()
    # The operator's connection string may have the functions' limit.
    settings = CatalogSettings(f"{mongodb_uri}&timeoutMS=5000", database.name)
    observed = partial(MongoClient[dict[str, Any]], event_listeners=[commands])
    monkeypatch.setattr("functions.adapters.mongo.catalog.MongoClient", observed)
    with closing(MongoCatalog(settings, pool_size=1, timeout_ms=0)) as catalog:
        catalog.migrate(show_nothing)
    assert "createIndexes" in {next(iter(sent)) for sent in commands.sent}
    assert [sent for sent in commands.sent if "maxTimeMS" in sent] == []


def test_a_version_that_a_function_writes_meanwhile_stays(
    database: Database[dict[str, Any]],
    catalog: MongoCatalog,
    old: Release01,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video_id = new_video_id()
    old.add(video_id)

    def read_before_the_change(_: object) -> Iterator[list[dict[str, Any]]]:
        read = old.document(video_id)
        database.videos.update_one({"_id": ObjectId(video_id)}, {"$set": {"version": 2}})
        yield [read]

    monkeypatch.setattr(schema, "_batches", read_before_the_change)
    catalog.migrate(show_nothing)
    assert old.document(video_id)["version"] == 2
