"""The steps of the browser's history, and the place in the list to which each leads back."""

from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, failed, fill
from tests.page import id_of, name_of

_SCROLL_KEPT = "() => scrollY > 1000 && history.state?.scroll === scrollY"


def test_the_place_in_the_list_survives_the_details_and_a_reload(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 300)
    page.page.goto(origin)
    far = page.page.locator(f"[data-video='{id_of(120)}']")
    expect(cards(page).first).to_be_visible()
    for _ in range(200):
        if far.count():
            break
        page.page.mouse.wheel(0, 900)
        page.page.wait_for_timeout(30)
    far.scroll_into_view_if_needed()
    expect(far).to_be_in_viewport()
    far.click()
    expect(page.page.get_by_role("dialog")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(far).to_be_focused()
    expect(far).to_be_in_viewport()
    page.page.wait_for_function(_SCROLL_KEPT)
    page.page.reload()
    expect(far).to_be_in_viewport()


def test_back_has_no_step_that_shows_nothing_new(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 3)
    page.page.goto(f"{origin}/docs")
    page.page.goto(origin)
    details = page.page.get_by_role("dialog")
    for close in ("Escape", "button"):
        cards(page).first.click()
        expect(details).to_contain_text(name_of(2))
        page.page.keyboard.press("ArrowRight")
        expect(details).to_contain_text(name_of(1))
        if close == "Escape":
            page.page.keyboard.press("Escape")
        else:
            details.get_by_role("button", name="Close").click()
        expect(details).to_have_count(0)
        expect(cards(page).nth(1)).to_be_focused()
        expect(page.page).to_have_url(f"{origin}/")
    page.page.go_back()
    expect(page.page).to_have_url(f"{origin}/docs")
    page.page.go_forward()
    page.page.go_forward()
    expect(details).to_contain_text(name_of(1))


def test_back_leads_through_filters_and_searches_to_the_place_in_the_list(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 40)
    records.videos[id_of(99)] = failed(99, retryable=False)
    page.page.goto(f"{origin}/docs")
    page.page.goto(origin)
    expect(cards(page)).to_have_count(41)
    page.page.mouse.wheel(0, 1200)
    page.page.wait_for_function(_SCROLL_KEPT)
    page.page.get_by_role("radio", name="failed").check(force=True)
    expect(cards(page)).to_have_count(1)
    search = page.page.get_by_role("searchbox")
    for text in ("clip-9", "clip-9999"):
        search.fill(text)
        expect(page.page).to_have_url(f"{origin}/?status=failed&search={text}")
    page.page.go_back()
    expect(search).to_have_value("")
    expect(page.page.get_by_role("radio", name="failed")).to_be_checked()
    expect(cards(page)).to_have_count(1)
    for view in ("Table", "Grid"):
        page.page.get_by_role("radio", name=view).check(force=True)
    page.page.go_back()
    expect(page.page).to_have_url(f"{origin}/")
    page.page.wait_for_function(_SCROLL_KEPT)
    expect(page.page.get_by_role("radio", name="all")).to_be_checked()
    page.page.go_forward()
    expect(cards(page)).to_have_count(1)
    page.page.go_back()
    page.page.go_back()
    expect(page.page).to_have_url(f"{origin}/docs")
