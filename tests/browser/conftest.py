from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browsers import NODE_MODULES, WatchedPage, chromium, find_chromium, opened

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module: while it runs no other module's event loop could."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("there is no Chromium: sh tests/browser/set_up.sh installs it")
    with chromium(executable) as browser:
        yield browser


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    """A page in a fresh profile, which in the end must have had nothing to complain of."""
    with opened(browser) as page:
        yield page
        assert page.unexpected == []


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """What docs/api.md tells its readers to install, and axe."""
    if not (NODE_MODULES / "axe-core").is_dir():
        pytest.skip("axe and Uppy are not installed: make setup does it")
    return NODE_MODULES
