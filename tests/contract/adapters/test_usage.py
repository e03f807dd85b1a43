"""The counters of quotas against a server that speaks MongoDB's protocol."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener
from starlette.testclient import TestClient

from functions.adapters.mongo import usage
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.quotas import Quota, Usage
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Video
from tests.examples import OPEN, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage

NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=1)
MANY = 100
"""Announcements at once."""


@pytest.fixture
def settings(mongodb_uri: str) -> Iterator[CatalogSettings]:
    made = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    yield made
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(made.database)


@pytest.fixture
def catalog(settings: CatalogSettings) -> Iterator[MongoCatalog]:
    with closing(MongoCatalog(settings, pool_size=10, timeout_ms=20_000)) as made:
        made.ensure_schema()
        yield made


@pytest.fixture
def database(catalog: MongoCatalog) -> Iterator[Database[dict[str, Any]]]:
    with catalog.database() as opened:
        yield opened


def stored(catalog: MongoCatalog, owner: str | None = "anna", **fields: Any) -> Video:
    added = video(new_video_id(), owner=owner, **fields)
    assert catalog.add(added)
    return added


class TestReservation:
    def test_none_of_the_first_ones_of_an_owner_is_refused(self, catalog: MongoCatalog) -> None:
        for number in range(20):
            owner = f"new-{number}"
            together = Barrier(8)

            def reserve(owner: str = owner, together: Barrier = together) -> bool:
                together.wait()
                return catalog.usage.reserve(owner, 5, Quota(videos=8))

            with ThreadPoolExecutor(8) as pool:
                reserved = [one.result() for one in [pool.submit(reserve) for _ in range(8)]]
            assert all(reserved)
            assert not catalog.usage.reserve(owner, 5, Quota(videos=8))

    @pytest.mark.parametrize(
        ("quota", "fit"),
        [
            (Quota(videos=7), 7),
            (Quota(bytes=7_999), 7),
            (Quota(videos=30, bytes=5_000), 5),
        ],
    )
    def test_parallel_ones_never_exceed_the_quota(
        self, catalog: MongoCatalog, quota: Quota, fit: int
    ) -> None:
        with ThreadPoolExecutor(max_workers=10) as threads:
            reserved = list(
                threads.map(lambda _: catalog.usage.reserve("anna", 1000, quota), range(MANY))
            )
        assert sum(reserved) == fit
        assert catalog.usage.get("anna") == Usage(fit, fit * 1000)

    def test_each_owner_has_a_quota_and_the_videos_without_one_have_one_together(
        self, catalog: MongoCatalog
    ) -> None:
        for owner in ("anna", None):
            assert catalog.usage.reserve(owner, 5, Quota(videos=1))
            assert not catalog.usage.reserve(owner, 5, Quota(videos=1))
        assert catalog.usage.get("bob") == Usage()

    def test_the_first_counts_the_videos_of_before(self, catalog: MongoCatalog) -> None:
        for owner in ("anna", "anna", "bob", None):
            stored(catalog, owner)
        stored(catalog, charged=False)
        assert catalog.usage.get("anna") == Usage(2, 2000)
        assert catalog.usage.reserve("anna", 5, Quota(videos=3))
        assert not catalog.usage.reserve("anna", 5, Quota(videos=3))

    def test_a_record_of_release_0_1_counts(
        self, catalog: MongoCatalog, database: Database[Any]
    ) -> None:
        old = stored(catalog, None)
        fields = {"charged": "", "owner": "", "version": ""}
        database.videos.update_one({"_id": ObjectId(old.id)}, {"$unset": fields})
        assert catalog.usage.get(None) == Usage(1, 1000)
        catalog.usage.reserve(None, 5, Quota(videos=9))
        catalog.delete(old.id)
        assert catalog.usage.get(None) == Usage(1, 5)

    def test_costs_one_round_trip(self, catalog: MongoCatalog, settings: CatalogSettings) -> None:
        @dataclass
        class Commands(CommandListener):
            names: list[str] = field(default_factory=list)

            def started(self, event: Any) -> None:
                self.names.append(event.command_name)

            def succeeded(self, event: Any) -> None: ...
            def failed(self, event: Any) -> None: ...

        commands = Commands()
        assert catalog.usage.reserve("anna", 5, Quota(videos=2))
        with MongoClient[dict[str, Any]](settings.uri, event_listeners=[commands]) as client:
            watched = MongoCatalog(settings, pool_size=1, timeout_ms=10_000)
            watched.__dict__["_client"] = client
            assert watched.usage.reserve("anna", 5, Quota(videos=2))
            assert commands.names == ["update"]
            watched.usage.reserve("anna", 5, Quota())
            assert commands.names == ["update", "update"]

    def test_without_a_limit_opens_no_counter(
        self, catalog: MongoCatalog, database: Database[Any]
    ) -> None:
        assert catalog.usage.reserve("anna", 5, Quota())
        catalog.usage.charge("anna", 5)
        catalog.usage.give_back("anna", 5)
        assert database.owner_usage.find_one() is None


class TestGivenBack:
    @pytest.fixture
    def charged(self, catalog: MongoCatalog) -> Video:
        assert catalog.usage.reserve("anna", 1000, Quota(videos=50))
        return stored(catalog)

    def in_parallel(self, action: Any) -> list[Any]:
        with ThreadPoolExecutor(max_workers=10) as threads:
            return list(threads.map(lambda _: action(), range(20)))

    def test_once_by_the_delete_that_removes_the_record(
        self, catalog: MongoCatalog, charged: Video
    ) -> None:
        self.in_parallel(lambda: catalog.delete(charged.id))
        assert catalog.usage.get("anna") == Usage()

    def test_once_by_who_saves_that_it_does_not_count(
        self, catalog: MongoCatalog, charged: Video
    ) -> None:
        saved = self.in_parallel(lambda: catalog.save(charged, replace(charged, charged=False)))
        assert len([one for one in saved if one]) == 1
        assert catalog.usage.get("anna") == Usage()
        catalog.delete(charged.id)
        assert catalog.usage.get("anna") == Usage(), "it did not count any more"

    def test_once_by_a_discard(self, catalog: MongoCatalog, charged: Video) -> None:
        assert self.in_parallel(lambda: catalog.discard(charged)).count(True) == 1
        assert catalog.usage.get("anna") == Usage()

    def test_not_by_another_change(self, catalog: MongoCatalog, charged: Video) -> None:
        assert catalog.save(charged, replace(charged, attempts=2))
        assert catalog.usage.get("anna") == Usage(1, 1000)

    def test_later_by_the_recount_if_the_counter_cannot_be_reached(
        self, catalog: MongoCatalog, charged: Video, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> bool:
            raise CatalogUnavailable("MongoDB: AutoReconnect")

        with monkeypatch.context() as outage:
            outage.setattr(usage, "_add", fail)
            catalog.delete(charged.id)
        assert catalog.get(charged.id) is None
        assert catalog.usage.get("anna") == Usage(1, 1000), "too high, until it is recounted"


class TestRecount:
    def wrong(self, catalog: MongoCatalog) -> None:
        """Leave a counter that says 3 where there is 1 video."""
        catalog.usage.reserve("anna", 5, Quota(videos=9))
        stored(catalog, declared_size=5)
        for _ in range(2):
            catalog.usage.charge("anna", 70)
        assert catalog.usage.get("anna") == Usage(3, 145)

    def test_corrects_a_counter_when_two_counts_agree(self, catalog: MongoCatalog) -> None:
        self.wrong(catalog)
        assert catalog.usage.due(NOW - timedelta(hours=1)) == []
        assert catalog.usage.due(SOON) == ["anna"]
        assert not catalog.usage.recount("anna", SOON)
        assert catalog.usage.get("anna") == Usage(3, 145)
        assert catalog.usage.due(SOON + timedelta(minutes=1)) == []
        later = SOON + timedelta(minutes=2)
        assert catalog.usage.due(later) == ["anna"]
        assert catalog.usage.recount("anna", later)
        assert catalog.usage.get("anna") == Usage(1, 5)
        assert catalog.usage.due(later + timedelta(hours=23)) == []
        assert catalog.usage.due(later + timedelta(hours=24)) == ["anna"]

    def test_leaves_a_request_between_its_two_writes_alone(self, catalog: MongoCatalog) -> None:
        catalog.usage.reserve("anna", 5, Quota(videos=9))
        assert not catalog.usage.recount("anna", SOON)
        stored(catalog, declared_size=5)
        assert not catalog.usage.recount("anna", SOON + timedelta(minutes=2))
        assert catalog.usage.get("anna") == Usage(1, 5)

    def test_saves_nothing_over_a_counter_that_moves_meanwhile(
        self, catalog: MongoCatalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.wrong(catalog)
        catalog.usage.recount("anna", SOON)
        count = usage._count

        def count_while_another_announces(*given: Any) -> Usage:
            counted = count(*given)
            catalog.usage.charge("anna", 5)
            return counted

        monkeypatch.setattr(usage, "_count", count_while_another_announces)
        assert not catalog.usage.recount("anna", SOON)
        assert catalog.usage.get("anna") == Usage(4, 150)

    def test_counts_more_videos_than_fit_in_one_query(
        self, catalog: MongoCatalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usage, "_PAGE", 2)
        for _ in range(5):
            stored(catalog, declared_size=5)
        catalog.usage.reserve("anna", 5, Quota(videos=9))
        assert catalog.usage.get("anna") == Usage(3, 15), "the first page, and this one"
        stored(catalog, declared_size=5)
        for _ in range(2):
            catalog.usage.recount("anna", SOON)
        assert catalog.usage.get("anna") == Usage(6, 30)

    def test_removes_the_counter_of_an_owner_without_videos(
        self, catalog: MongoCatalog, database: Database[Any]
    ) -> None:
        catalog.usage.reserve("anna", 5, Quota(videos=9))
        catalog.usage.give_back("anna", 5)
        assert not catalog.usage.recount("anna", SOON)
        assert database.owner_usage.find_one() is None
        assert not catalog.usage.recount("anna", SOON), "it is gone"


@pytest.mark.parametrize("keyed", [False, True])
def test_parallel_announcements_never_exceed_the_quota(
    catalog: MongoCatalog, *, keyed: bool
) -> None:
    settings = ApiSettings.read(OPEN | {"MAX_VIDEOS_PER_OWNER": "7"})
    app = create_app(
        Backend(settings, catalog, FakeStorage(), FakeProcessing(), FakeApiKeys(), fake_pictures())
    )

    def announce(number: int) -> Any:
        key = {"Idempotency-Key": f"key-{number}"} if keyed else {}
        body = {"filename": "clip.mp4", "size": 5, "owner": "anna"}
        return client.post("/videos", json=body, headers=key)

    with TestClient(app) as client, ThreadPoolExecutor(max_workers=10) as threads:
        answers = list(threads.map(announce, range(MANY)))
        statuses = [one.status_code for one in answers]
        assert (statuses.count(201), statuses.count(403)) == (7, MANY - 7)
        found = client.get("/videos", params={"owner": "anna", "limit": 100}).json()["data"]
        assert len(found) == 7
        for one in found:
            assert client.delete(f"/videos/{one['id']}").status_code == 204
    assert catalog.usage.get("anna") == Usage()
