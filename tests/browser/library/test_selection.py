"""Several videos of the list, selected to be deleted or processed again."""

import re

from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, failed, fill, pick
from tests.page import id_of, name_of


def test_all_videos_of_the_list_are_selected_at_once(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 8)
    page.page.goto(origin)
    pick(page, 3)
    page.page.get_by_role("button", name="Select all 8").click()
    bulk = page.page.locator(".bulk")
    expect(bulk).to_contain_text("8 selected")
    expect(bulk.get_by_role("button", name="Select all")).to_have_count(0)
    page.page.get_by_role("radio", name="Table").check(force=True)
    every = page.page.get_by_role("checkbox", name="Select all 8")
    expect(every).to_be_checked()
    every.click()
    expect(bulk).to_have_count(0)
    pick(page, 3)
    expect(every).to_have_js_property("indeterminate", True)  # noqa: FBT003
    every.click()
    bulk.get_by_role("button", name="Delete 8…").click()
    expect(page.page.locator(".names li")).to_have_text(
        [*(name_of(number) for number in (7, 6, 5, 4, 3)), "and 3 more"]
    )


def test_of_a_longer_list_only_the_loaded_videos_are_selected(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 200)
    page.page.goto(f"{origin}/?view=table")
    page.page.get_by_role("checkbox", name=re.compile("Select the [0-9]+ loaded")).click()
    expect(page.page.locator(".bulk")).to_contain_text(re.compile("^[0-9]+ selected"))


def test_several_videos_are_deleted_together(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 12)
    page.page.goto(origin)
    pick(page, 10)
    pick(page, 6, modifiers=["Shift"])
    expect(page.page.locator(".bulk")).to_contain_text("5 selected")
    page.screenshot("selected", width=1280, height=800)
    assert page.accessibility_findings() == []
    page.page.keyboard.press("Escape")
    expect(page.page.locator(".bulk")).to_have_count(0)
    pick(page, 10)
    cards(page).nth(5).click(modifiers=["Shift"])
    page.page.locator(".bulk").get_by_role("button", name="Delete 5…").click()
    expect(page.page.get_by_role("dialog")).to_contain_text("Delete 5 videos")
    page.page.get_by_role("button", name="Delete them").click()
    expect(cards(page)).to_have_count(7)
    expect(page.page.locator(".filters label").first).to_have_text("all7")
    expect(cards(page).first).to_be_focused()
    expect(page.page.locator("#screen-reader-messages")).to_have_text("5 videos are deleted.")
    assert sorted(records.videos) == [id_of(number) for number in (0, 1, 2, 3, 4, 5, 11)]


def test_only_videos_that_a_retry_can_help_are_processed_again(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    for number, retryable in enumerate((True, False, True)):
        records.videos[id_of(number)] = failed(number, retryable=retryable)
    page.page.goto(origin)
    pick(page, 0)
    pick(page, 2, modifiers=["Shift"])
    page.expect_complaint("409")
    page.page.get_by_role("button", name="Retry 2").click()
    expect(page.page.locator(".bulk")).to_contain_text("2 of them failed: ")
    tried = [call for call in page.calls if call.endswith("/retry")]
    assert sorted(tried) == [f"POST {origin}/videos/{id_of(number)}/retry" for number in (0, 2)]
    page.page.get_by_role("button", name="Clear the selection").click()
    cards(page).nth(1).click()
    details = page.page.get_by_role("dialog")
    expect(details.get_by_role("button", name="Upload another file")).to_be_visible()
    expect(details.get_by_role("button", name="Retry")).to_have_count(0)
