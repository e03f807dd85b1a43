"""A sweep reads the videos that need work, and no others.

VIDEOS sets how many there are: 100,000 take half a minute to insert.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.keys import source_key
from functions.core.settings import CatalogSettings
from functions.upkeep.sweep import Sweep
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage

VIDEOS = int(os.environ.get("VIDEOS", "2000"))
STUCK = 50
_BATCH = 1_000

NOW = datetime.now(UTC)


@dataclass
class Plans(CommandListener):
    """Asks the server how it carries out each query, at the moment when it is made."""

    server: MongoClient[dict[str, Any]]
    plans: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name != "find":
            return
        query = {name: event.command[name] for name in ("find", "filter")}
        database = self.server[event.database_name]
        plan = database.command("explain", query, verbosity="executionStats")
        self.plans.setdefault(" ".join(query["filter"]), []).append(plan)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    def documents_examined(self, field: str) -> int:
        """Return how many documents the one query on this field alone has read."""
        (plan,) = self.plans[field]
        return int(plan["executionStats"]["totalDocsExamined"])


def document(number: int, state: dict[str, Any]) -> dict[str, Any]:
    video_id = ObjectId()
    upload = {"key": source_key(str(video_id)), "method": "POST", "expires_at": NOW}
    return {
        "_id": video_id,
        "filename": f"{number}.mp4",
        "content_type": "video/mp4",
        "declared_size": 5,
        "created_at": NOW,
        "updated_at": NOW - timedelta(hours=1),
        "upload": upload | {"expires_at": state.pop("expires_at", NOW - timedelta(days=1))},
        "source": {"etag": "e", "size": 5, "sequencer": "A"},
        "attempts": 1,
        "version": 2,
    } | state


def in_order(number: int) -> dict[str, Any]:
    """Return the state of a video that needs no work: of each kind there are many."""
    soon = NOW + timedelta(minutes=10)
    kinds: list[dict[str, Any]] = [
        {"status": "done", "webhook": {"id": "msg_1", "attempts": 1, "delivered_at": NOW}},
        {"status": "failed", "webhook": {"id": "msg_2", "attempts": 1, "due_at": soon}},
        {"status": "pending", "claimable_at": NOW, "expires_at": soon},
        {"status": "processing", "lease": {"token": "t", "until": soon}, "claimable_at": soon},
    ]
    return kinds[number % len(kinds)]


def stuck(number: int) -> dict[str, Any]:
    past = NOW - timedelta(hours=1)
    if number % 2:
        # Its webhook says nothing of a pending video: it is here to be found, too.
        webhook = {"id": "msg_3", "attempts": 1, "due_at": past + timedelta(seconds=number)}
        return {
            "status": "pending",
            "claimable_at": past,
            "expires_at": past,
            "webhook": webhook,
        }
    return {"status": "processing", "lease": {"token": "t", "until": past}, "claimable_at": past}


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[str]:
    name = f"test-{ObjectId()}"
    yield name
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(name)


def test_a_sweep_reads_only_the_videos_that_need_work(mongodb_uri: str, database: str) -> None:
    settings = CatalogSettings(mongodb_uri, database)
    objects, processing = FakeStorage(), FakeProcessing()
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True, tzinfo=UTC) as server:
        videos = server[database].videos
        for start in range(0, VIDEOS - STUCK, _BATCH):
            numbers = range(start, min(start + _BATCH, VIDEOS - STUCK))
            videos.insert_many([document(n, in_order(n)) for n in numbers], ordered=False)
        of_interest = [document(n, stuck(n)) for n in range(STUCK)]
        videos.insert_many(of_interest)
        objects.uploads = {one["upload"]["key"]: b"bytes" for one in of_interest}

        plans = Plans(server)
        catalog = MongoCatalog(settings, pool_size=1, timeout_ms=10_000)
        catalog._client = MongoClient(
            mongodb_uri, tz_aware=True, tzinfo=UTC, event_listeners=[plans]
        )
        report = Sweep(catalog, objects, processing, now=lambda: NOW).run(remaining_s=lambda: 200.0)
        untold = [video.id for video in catalog.undelivered(before=NOW)]
        catalog.close()

    assert (report.seen, len(processing.started)) == (STUCK, STUCK)
    assert {started.video_id for started in processing.started} == {
        str(one["_id"]) for one in of_interest
    }
    assert untold == [str(one["_id"]) for one in of_interest if "webhook" in one]
    assert plans.documents_examined("claimable_at") == STUCK
    assert plans.documents_examined("webhook.due_at") == len(untold)
