"""The tray of uploads beside the list."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, fill, pick
from tests.page import DROP
from tests.served_api import served
from tests.slow_storage import slow_storage


@pytest.fixture
def slow_origin(records: FakeCatalog) -> Iterator[str]:
    """The same with a storage in which each upload stands still at 40%."""
    with (
        slow_storage() as storage,
        served(records, FakeApiKeys(), OPEN, storage) as port,
    ):
        storage.treatment.share = 0.4
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    file = tmp_path / "holiday.mp4"
    file.write_bytes(bytes(40_000_000))
    return file


def test_a_file_that_is_chosen_again_goes_on(
    page: WatchedPage, slow_origin: str, holiday: Path
) -> None:
    page.page.goto(slow_origin)
    expect(page.page.get_by_role("button", name="Try a sample")).to_be_visible()
    page.drop(DROP, holiday)
    row = page.page.locator(".upload")
    expect(row).to_have_attribute("data-state", "uploading")
    expect(page.page).to_have_title(re.compile("^[0-9]+% · Clipo$"))
    page.page.get_by_role("button", name="Pause holiday.mp4").click()
    expect(row).to_have_attribute("data-state", "paused")
    page.drop(DROP, holiday)
    expect(row).to_have_attribute("data-state", "uploading")
    expect(page.page.locator(".refusal")).to_have_count(0)
    page.drop(DROP, holiday)
    expect(page.page.locator(".refusal")).to_contain_text("Being uploaded already")


def test_the_numbers_leave_out_what_the_tray_shows(
    page: WatchedPage, slow_origin: str, records: FakeCatalog, holiday: Path
) -> None:
    fill(records, 2)
    page.page.goto(slow_origin)
    expect(cards(page)).to_have_count(2)
    # From then on it asks for numbers only when something changes.
    with page.page.expect_response(lambda answer: answer.status == 304):
        pass
    with page.page.expect_response("**/videos?*counts=true*") as answer:
        page.drop(DROP, holiday)
    assert answer.value.json()["counts"]["pending"] == 1
    with page.page.expect_response("**/videos?*"):
        pass
    expect(page.page.locator(".filters label")).to_have_text(
        ["all2", "pending0", "processing0", "done2", "failed0"]
    )
    expect(cards(page)).to_have_count(2)


def test_a_selection_and_the_tray_are_both_in_reach_on_a_phone(
    page: WatchedPage, origin: str, records: FakeCatalog, tmp_path: Path
) -> None:
    fill(records, 3)
    notes = tmp_path / "notes.txt"
    notes.write_text("text")
    for width in (360, 768, 1280):
        page.page.set_viewport_size({"width": width, "height": 740})
        page.page.goto(origin)
        expect(cards(page)).to_have_count(3)
        page.drop(DROP, notes)
        expect(page.page.get_by_role("heading", name="1 file is not uploaded")).to_be_visible()
        pick(page, 2)
        bulk = page.page.locator(".bulk")
        bulk.get_by_role("button", name="Select all 3").click()
        head = page.page.locator("header").first.bounding_box()
        bar, tray = bulk.bounding_box(), page.page.locator(".tray").bounding_box()
        assert head
        assert bar
        assert tray
        assert head["y"] + head["height"] < bar["y"], "nothing covers the page's own buttons"
        assert tray["y"] + tray["height"] <= bar["y"] or bar["x"] + bar["width"] <= tray["x"]
        page.page.get_by_role("button", name="Dismiss").click()
        bulk.get_by_role("button", name="Clear the selection").click()
