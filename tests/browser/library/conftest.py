"""Fixtures of the tests of the list: the page, served with fake adapters."""

from collections.abc import Iterator

import pytest

from tests.browsers import WatchedPage
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.library import show_pictures
from tests.served_api import served


@pytest.fixture
def records() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def origin(records: FakeCatalog) -> Iterator[str]:
    with served(records, FakeApiKeys(), OPEN) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(watched: WatchedPage) -> WatchedPage:
    show_pictures(watched)
    watched.page.set_viewport_size({"width": 1280, "height": 800})
    return watched
