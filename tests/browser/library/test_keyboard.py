"""The keys of the list and of the details, and where the focus goes."""

from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, fill
from tests.page import name_of

_RING_TOP = """
(link) => {
  const {outlineOffset, outlineWidth} = getComputedStyle(link);
  return link.getBoundingClientRect().top - parseFloat(outlineOffset) - parseFloat(outlineWidth);
}
"""


def test_the_slash_begins_a_search(page: WatchedPage, origin: str, records: FakeCatalog) -> None:
    fill(records, 2)
    page.page.goto(origin)
    search = page.page.get_by_role("searchbox")
    cards(page).first.press("/")
    expect(search).to_be_focused()
    search.press("/")
    expect(search).to_have_value("/")
    search.fill("")
    cards(page).first.click()
    page.page.keyboard.press("/")
    expect(search).not_to_be_focused()
    page.page.keyboard.press("Escape")
    expect(search).to_have_value("")


def test_the_question_mark_lists_the_keys(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    search = page.page.get_by_role("searchbox")
    search.press("?")
    expect(search).to_have_value("?")
    search.fill("")
    keys = page.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_have_count(0)
    cards(page).first.press("?")
    expect(keys).to_contain_text("Previous or next video")
    assert page.accessibility_findings() == []
    page.page.keyboard.press("Escape")
    menu = page.page.locator("summary")
    expect(menu).to_be_focused()
    cards(page).first.click()
    page.page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_role("dialog")).to_contain_text(name_of(1))
    page.page.keyboard.press("Escape")
    menu.click()
    page.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(keys).to_be_visible()


def test_the_focus_ring_of_the_first_cards_is_clear_of_the_toolbar(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    link = cards(page).first
    expect(link).to_be_visible()
    page.page.locator("[name=views]:checked").press("Tab")
    expect(link).to_be_focused()
    ring = link.evaluate(_RING_TOP)
    head = page.page.locator(".library-head").bounding_box()
    assert head
    assert ring >= head["y"] + head["height"]


def test_the_details_begin_with_their_heading(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    cards(page).first.press("Enter")
    details = page.page.get_by_role("dialog")
    expect(details.get_by_role("heading", name=name_of(1))).to_be_focused()
    page.page.keyboard.press("Tab")
    expect(details.get_by_role("button", name="Next video")).to_be_focused()


def test_the_focus_stays_in_the_list_after_a_delete(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 4)
    page.page.goto(origin)
    for left in (3, 2, 1):
        cards(page).nth(left - 1).click()
        details = page.page.get_by_role("dialog")
        details.get_by_role("button", name="Delete…").click()
        page.page.get_by_role("button", name="Delete it").click()
        expect(cards(page)).to_have_count(left)
        expect(cards(page).nth(left - 1)).to_be_focused()
