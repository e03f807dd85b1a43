"""Leases and counts of pictures on a server that speaks MongoDB's protocol."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.pictures import MongoPictureLeases
from functions.adapters.pictures import LeaseEnd
from functions.core.pictures import ImageSpec, PictureFormat, WantedPicture
from functions.core.settings import CatalogSettings
from tests.examples import ID, uploaded, video

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=2)
WANTED = WantedPicture(ID, uploaded().source, "v1", ImageSpec(PictureFormat.JPEG, 0))


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    with closing(MongoCatalog(settings, pool_size=10, timeout_ms=10_000)) as catalog:
        yield catalog
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)


@pytest.fixture
def leases(catalog: MongoCatalog) -> MongoPictureLeases:
    catalog.add(video())
    return MongoPictureLeases(catalog)


def test_one_of_many_gets_the_lease(leases: MongoPictureLeases) -> None:
    with ThreadPoolExecutor(10) as pool:
        tries = [pool.submit(leases.acquire, "k", now=NOW, until=UNTIL) for _ in range(10)]
    assert sorted(one.result() for one in tries) == [False] * 9 + [True]
    assert leases.acquire("other", now=NOW, until=UNTIL)


def test_a_lease_ends_by_its_time_or_its_release(leases: MongoPictureLeases) -> None:
    assert leases.acquire("k", now=NOW, until=UNTIL)
    assert not leases.acquire("k", now=UNTIL, until=UNTIL)
    later = UNTIL + timedelta(seconds=1)
    assert leases.acquire("k", now=later, until=later + timedelta(minutes=2))
    assert not leases.acquire("k", now=later, until=later)
    for _ in range(2):
        leases.release("k")
    assert leases.acquire("k", now=NOW, until=UNTIL)


def test_a_lease_keeps_the_reason_of_its_failure_until_the_next_attempt(
    leases: MongoPictureLeases,
) -> None:
    assert leases.acquire("k", now=NOW, until=UNTIL)
    assert leases.end("k") == LeaseEnd()
    leases.refuse("k", "The file is damaged.")
    assert leases.end("k") == LeaseEnd("The file is damaged.")
    assert not leases.acquire("k", now=NOW, until=UNTIL)
    later = UNTIL + timedelta(seconds=1)
    assert leases.acquire("k", now=later, until=later)
    assert leases.end("k") == LeaseEnd()
    assert leases.end("other") == LeaseEnd()


def test_a_lease_ends_after_a_crash_but_the_last_of_some(leases: MongoPictureLeases) -> None:
    for _ in range(3):
        assert leases.acquire("k", now=NOW, until=UNTIL)
        assert leases.end("k") == LeaseEnd()
        leases.fail("k", attempts=3)
    assert leases.end("k") == LeaseEnd(has_failed=True)
    assert not leases.acquire("k", now=NOW, until=UNTIL)
    later = UNTIL + timedelta(seconds=1)
    assert leases.acquire("k", now=later, until=later)
    assert leases.end("k") == LeaseEnd()


def test_images_of_one_file_are_counted_up_to_a_limit(leases: MongoPictureLeases) -> None:
    with ThreadPoolExecutor(10) as pool:
        tries = [pool.submit(leases.count, WANTED, limit=4) for _ in range(10)]
    assert sum(one.result() for one in tries) == 4
    leases.discount(WANTED)
    assert leases.count(WANTED, limit=4)
    assert not leases.count(WANTED, limit=4)
    assert leases.count(WANTED, limit=5)
    assert leases.count(replace(WANTED, version="v2"), limit=1), "another file begins anew"


def test_a_count_goes_with_the_record_and_survives_its_changes(
    leases: MongoPictureLeases, catalog: MongoCatalog
) -> None:
    assert leases.count(WANTED, limit=1)
    seen = catalog.get(ID)
    assert seen
    assert catalog.save(seen, replace(seen, passthrough="changed"))
    assert not leases.count(WANTED, limit=1)
    catalog.delete(ID)
    assert not leases.count(WANTED, limit=1)
    assert catalog.get(ID) is None, "a count makes no record"


def test_of_the_first_images_of_a_file_that_are_counted_at_once_none_is_lost(
    leases: MongoPictureLeases,
) -> None:
    for version in range(20):
        wanted = replace(WANTED, version=f"v{version}")
        together = Barrier(8)

        def count(wanted: WantedPicture = wanted, together: Barrier = together) -> bool:
            together.wait()
            return leases.count(wanted, limit=8)

        with ThreadPoolExecutor(8) as pool:
            counted = [one.result() for one in [pool.submit(count) for _ in range(8)]]
        assert all(counted)
        assert not leases.count(wanted, limit=8)
