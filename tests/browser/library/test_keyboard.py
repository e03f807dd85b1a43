"""The keys of the list and of the details, and where the focus goes."""

from playwright.sync_api import Route, expect

from tests.browsers import WatchedPage
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, fill
from tests.page import close_details, id_of, name_of

_RING_TOP = """
(link) => {
  const {outlineOffset, outlineWidth} = getComputedStyle(link);
  return link.getBoundingClientRect().top - parseFloat(outlineOffset) - parseFloat(outlineWidth);
}
"""
_TYPE_ON = """
() => {
  const input = document.querySelector("[type=search]");
  const type = (text) => {
    input.value = text;
    input.dispatchEvent(new Event("input", {bubbles: true}));
  };
  const {pushState} = history;
  history.pushState = (...values) => {
    history.pushState = pushState;
    history.pushState(...values);
    // After the page has taken the search, and before it is painted.
    queueMicrotask(() => type("clip-00001"));
  };
  type("clip-0000");
}
"""
_CLOSE_AND_OPEN = """
(id) => {
  const dialog = document.querySelector("dialog");
  dialog.addEventListener("close", () => document.querySelector(`[data-video="${id}"]`).click());
  dialog.close();
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


def test_a_letter_that_comes_while_the_search_begins_is_kept(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 12)
    page.page.goto(origin)
    expect(cards(page)).to_have_count(12)
    page.page.evaluate(_TYPE_ON)
    expect(page.page).to_have_url(f"{origin}/?search=clip-00001")
    expect(page.page.get_by_role("searchbox")).to_have_value("clip-00001")
    expect(cards(page)).to_have_count(1)


def test_a_video_that_is_opened_while_the_details_close_stays_open(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    cards(page).first.click()
    details = page.page.get_by_role("dialog")
    expect(details).to_contain_text(name_of(1))
    page.page.evaluate(_CLOSE_AND_OPEN, id_of(0))
    expect(details).to_contain_text(name_of(0))
    page.page.wait_for_timeout(300)
    expect(details).to_contain_text(name_of(0))
    close_details(page)
    expect(details).to_have_count(0)
    expect(cards(page).last).to_be_focused()


def test_nobody_asks_for_the_open_video_while_it_is_deleted(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    cards(page).first.click()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.page.route(f"**/videos/{id_of(1)}", hold)
    details = page.page.get_by_role("dialog")
    details.get_by_role("button", name="Delete…").click()
    with page.page.expect_request(lambda request: request.method == "DELETE"):
        page.page.get_by_role("button", name="Delete it").click()
    # The record goes before the files do.
    del records.videos[id_of(1)]
    for _ in range(2):
        with page.page.expect_response("**/videos?*"):
            pass
    expect(details).to_contain_text(name_of(1))
    assert [route.request.method for route in held] == ["DELETE"]
    held[0].fulfill(status=204)
    expect(details).to_have_count(0)
    expect(cards(page)).to_have_count(1)


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
    close_details(page)
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
