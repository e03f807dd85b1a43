"""Failed videos are processed again from their cards and rows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from functions.core.access import Scope
from functions.core.failures import ATTEMPTS_EXHAUSTED, NOT_A_VIDEO, RETRIES_EXHAUSTED
from functions.core.video import Status
from tests.browsers import WatchedPage
from tests.credentials import issue
from tests.examples import OPEN, failed_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.page import DONE_MS, id_of, name_of
from tests.served_api import served


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def records(storage: FakeStorage) -> FakeCatalog:
    """Three failed videos, of which a retry cannot help the newest."""
    records = FakeCatalog()
    for number, kind in enumerate((RETRIES_EXHAUSTED, RETRIES_EXHAUSTED, NOT_A_VIDEO)):
        one = failed_video(id_of(number))
        storage.uploads[one.upload.key] = bytes(one.size)
        records.videos[one.id] = replace(one, filename=name_of(number), error=kind.failure())
    return records


@pytest.fixture
def origin(records: FakeCatalog, storage: FakeStorage) -> Iterator[str]:
    with served(records, FakeApiKeys(), OPEN, storage) as port:
        yield f"http://127.0.0.1:{port}"


def _retry(page: Page, number: int) -> None:
    """Press the button with the keyboard, from the link of the video."""
    page.locator(f"[data-video='{id_of(number)}']").focus()
    button = page.get_by_role("button", name=f"Retry {name_of(number)}")
    for _ in range(2):
        page.keyboard.press("Tab")
        if button.evaluate("(button) => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("view", ["grid", "table"])
def test_a_failed_video_is_processed_again_from_the_list(
    watched: WatchedPage, origin: str, records: FakeCatalog, view: str
) -> None:
    page = watched.page
    # The contrast of a card that fades in is still low.
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{origin}/?view={view}")
    buttons = page.get_by_role("button", name="Retry clip")
    expect(buttons).to_have_count(2)
    assert watched.accessibility_findings() == []
    _retry(page, 1)
    expect(buttons).to_have_count(1)
    expect(page.locator(f"[data-video='{id_of(1)}']")).to_be_focused()
    assert records.videos[id_of(1)].status is Status.PENDING
    assert records.videos[id_of(0)].status is Status.FAILED


def test_the_focus_stays_in_the_list_when_the_retried_video_leaves_it(
    watched: WatchedPage, origin: str
) -> None:
    page = watched.page
    page.goto(f"{origin}/?status=failed")
    _retry(page, 1)
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator(f"[data-video='{id_of(0)}']")).to_be_focused()


@pytest.mark.parametrize("view", ["grid", "table"])
def test_a_retry_that_fails_says_why(
    watched: WatchedPage, origin: str, storage: FakeStorage, view: str
) -> None:
    page = watched.page
    page.goto(f"{origin}/?view={view}")
    storage.uploads.clear()
    watched.expect_complaint("409")
    _retry(page, 0)
    why = page.locator(".why").last
    expect(why).to_contain_text("file")
    expect(why).to_have_class("why error")
    expect(page.get_by_role("button", name=f"Retry {name_of(0)}")).to_be_focused()
    expect(page.locator("#screen-reader-messages")).to_have_text(why.inner_text())


@pytest.mark.parametrize("view", ["grid", "table"])
def test_a_later_failure_replaces_why_a_retry_failed(
    watched: WatchedPage, origin: str, records: FakeCatalog, storage: FakeStorage, view: str
) -> None:
    page = watched.page
    page.goto(f"{origin}/?view={view}")
    storage.uploads.clear()
    watched.expect_complaint("409")
    _retry(page, 0)
    why = page.locator(".why").last
    expect(why).to_have_class("why error")
    # Someone else retries the video, which fails for another reason.
    seen = records.videos[id_of(0)]
    later = seen.updated_at + timedelta(minutes=1)
    failure = ATTEMPTS_EXHAUSTED.failure()
    records.videos[seen.id] = replace(seen, error=failure, updated_at=later)
    expect(why).to_have_text(failure.message, timeout=DONE_MS)
    expect(why).to_have_class("why")


def test_who_may_only_read_gets_no_retry(watched: WatchedPage, records: FakeCatalog) -> None:
    keys = FakeApiKeys()
    reader = issue(keys, scopes=frozenset({Scope.READ}))
    page = watched.page
    watched.expect_complaint("401")
    with served(records, keys) as port:
        page.goto(f"http://127.0.0.1:{port}")
        page.locator("#credential").fill(reader.key)
        page.keyboard.press("Enter")
        expect(page.locator(".card")).to_have_count(3)
        expect(page.get_by_role("button", name="Retry")).to_have_count(0)
