"""Lists and searches in MongoDB, compared with the fake catalog that the API's tests use."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.access import ALL_OWNERS
from functions.core.listing import Order, Selection
from functions.core.settings import CatalogSettings
from functions.core.video import Failure, Status, Video
from tests.examples import video
from tests.fakes.catalog import FakeCatalog

START = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = ["clip.mp4", "Clip.mp4", "CLIP 2.mov", "café.mp4", "Cafe\u0301.mp4", "straße.mp4", "😀.mp4"]
TEXTS = [None, "order-1", "Order-1", "clip.mp4", "c.*"]
SEARCHES = ["c", "CLIP", "clip.mp4", "CAFÉ", "STRASSE", "😀", "order-1", ".*", "$", "c.*", "none"]
OWNERS = ["anna", "bob", None]
FAILURES = [
    Failure("timed_out", "Too slow.", retryable=False),
    Failure("timed_out", "Interrupted.", retryable=True),
    Failure("corrupt", "Damaged.", retryable=False),
]


def made(number: int, random: Random) -> Video:
    created = START + timedelta(minutes=number // 4)
    return video(
        (int(created.timestamp()).to_bytes(4) + number.to_bytes(8)).hex(),
        filename=random.choice(NAMES),
        passthrough=random.choice(TEXTS),
        status=(status := random.choice([*Status])),
        error=random.choice(FAILURES) if status is Status.FAILED else None,
        owner=random.choice(OWNERS),
        created_at=created,
    )


VIDEOS = [made(number, Random(number)) for number in range(60)]
FAKE = FakeCatalog({one.id: one for one in VIDEOS})


@pytest.fixture(scope="module")
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    at = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    with closing(MongoCatalog(at, pool_size=1, timeout_ms=10_000)) as made:
        made.ensure_schema()
        for one in VIDEOS:
            made.add(one)
        yield made
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(at.database)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    times = optional(st.integers(-1, 16).map(lambda minutes: START + timedelta(minutes=minutes)))
    searches = st.sampled_from([*SEARCHES, VIDEOS[7].id, VIDEOS[8].id.upper()])
    search = draw(optional(searches))
    return Selection(
        statuses=tuple(draw(st.sets(st.sampled_from(Status), max_size=2))),
        error_codes=tuple(draw(st.sets(st.sampled_from(["timed_out", "corrupt"])))),
        retryable=draw(st.booleans()),
        search=search,
        passthrough=draw(optional(st.sampled_from([one for one in TEXTS if one]))),
        created_after=draw(times),
        created_before=draw(times),
        order=draw(st.sampled_from(Order)) if search is None else Order.NAME,
    )


def pages(
    of: MongoCatalog | FakeCatalog, selection: Selection, owner: str | None, limit: int
) -> Any:
    """Return the ids of each page, read one after the other."""
    after = None
    while page := of.page(selection, owner=owner, after=after, limit=limit):
        yield [one.id for one in page]
        after = selection.position(page[-1].filename, page[-1].id)


@settings(deadline=None)
@given(selections(), st.sampled_from([*OWNERS, ALL_OWNERS]), st.integers(1, 20))
def test_pages_neither_skip_nor_repeat_a_video(
    catalog: MongoCatalog, selection: Selection, owner: str | None, limit: int
) -> None:
    found = list(pages(catalog, selection, owner, limit))
    assert found == list(pages(FAKE, selection, owner, limit))
    (whole,) = list(pages(FAKE, selection, owner, len(VIDEOS))) or [[]]
    assert [video_id for page in found for video_id in page] == whole
    if selection.search is None:
        counted = catalog.count(selection, owner=owner, after=None, limit=limit)
        assert counted == min(len(whole), limit)


@pytest.mark.parametrize("owner", [*OWNERS, ALL_OWNERS])
def test_counts_end_at_the_limit(catalog: MongoCatalog, owner: str | None) -> None:
    for limit in (1, 4, 100):
        found = catalog.count_by_status(owner=owner, limit=limit)
        assert found == FAKE.count_by_status(owner=owner, limit=limit)
        assert max(found.values()) <= limit
    assert sum(found.values()) == len(catalog.page(owner=owner, limit=100))
