from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import NODE_MODULES, WatchedPage, chromium, find_chromium, opened

_HERE = Path(__file__).parent

# A slow machine may take longer than the default of 5 s. No test measures the product by it.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module, because two Playwright event loops cannot run at once."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium: install it with sh tests/browser/set_up.sh chromium")
    with chromium(executable) as browser:
        yield browser


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    """A page in a new profile. The test fails if the page had an unexpected error."""
    with opened(browser) as page:
        yield page
        assert page.unexpected == []


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The npm packages that docs/api.md asks for, and axe."""
    if not (NODE_MODULES / "axe-core").is_dir():
        pytest.skip("axe and Uppy are not installed: run make setup")
    return NODE_MODULES
