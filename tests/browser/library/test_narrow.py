"""Rows and lines that are wider than a phone: they scroll sideways in their own boxes."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browsers import WatchedPage, opened
from tests.examples import done_video
from tests.fakes.catalog import FakeCatalog
from tests.page import id_of

_HEIGHT = 740
_ONE_ROW = "(box) => box.clientHeight < 2 * box.querySelector('label').offsetHeight"
_IS_CUT = "(box) => box.scrollWidth > box.clientWidth"
_WRAPPED = """
(box) => {
  const lines = box.textContent.trimEnd().split("\\n").length;
  const style = getComputedStyle(box);
  const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  const height = document.createRange();
  height.selectNodeContents(box);
  return height.getBoundingClientRect().height > (lines + 0.5) * parseFloat(style.lineHeight);
}
"""
_FADES = "(box) => getComputedStyle(box).maskImage"
_TURN = """
document.addEventListener("readystatechange", () => { document.documentElement.dir = "%s"; });
"""
"""A script that gives the page a direction before the scripts of the page run."""

_on_phones = pytest.mark.parametrize(
    ("language", "width"), [("es-ES", 360), ("de-DE", 320), ("en-US", 320)]
)
_in_both_directions = pytest.mark.parametrize("direction", ["ltr", "rtl"])


@pytest.fixture
def records() -> FakeCatalog:
    records = FakeCatalog()
    for number in range(1_200):
        one = replace(done_video(), id=id_of(number), thumbnail=None)
        records.videos[one.id] = one
    return records


def _filters(page: WatchedPage) -> Locator:
    filters = page.page.locator(".filters")
    expect(filters).to_contain_text("1")
    return filters


@_in_both_directions
@_on_phones
def test_filters_that_do_not_fit_fade_at_the_edge(
    browser: Browser, origin: str, language: str, width: int, direction: str
) -> None:
    with opened(browser, locale=language) as page:
        page.page.set_viewport_size({"width": width, "height": _HEIGHT})
        page.page.goto(origin)
        filters = _filters(page)
        page.page.evaluate(f"document.documentElement.dir = '{direction}'")
        assert filters.evaluate(_ONE_ROW)
        expect(filters).to_have_attribute("data-more-after", "")
        assert "gradient" in filters.evaluate(_FADES)
        page.screenshot(f"filters-{language}-{direction}", width=width, height=_HEIGHT)
        last = filters.locator("input").last
        last.focus()
        page.page.keyboard.press("Space")
        expect(last).to_be_checked()
        expect(filters).to_have_attribute("data-more-before", "")
        expect(filters).not_to_have_attribute("data-more-after", "")
        assert page.unexpected == []


@_in_both_directions
@_on_phones
def test_the_filter_in_the_address_is_shown_as_a_whole(
    browser: Browser, origin: str, language: str, width: int, direction: str
) -> None:
    with opened(browser, locale=language) as page:
        page.page.set_viewport_size({"width": width, "height": _HEIGHT})
        page.page.add_init_script(_TURN % direction)
        page.page.goto(f"{origin}/?status=failed")
        filters = _filters(page)
        assert filters.evaluate("(box) => getComputedStyle(box).direction") == direction
        expect(filters).to_have_attribute("data-more-before", "")
        expect(filters.locator("label").last).to_be_in_viewport(ratio=1)
        assert page.unexpected == []


def test_filters_that_fit_do_not_fade(watched: WatchedPage, origin: str) -> None:
    watched.page.goto(origin)
    filters = _filters(watched)
    assert not filters.evaluate(_IS_CUT)
    assert filters.evaluate(_FADES) == "none"


def test_calls_keep_their_lines_on_a_phone(watched: WatchedPage, origin: str) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": _HEIGHT})
    page.goto(f"{origin}/#/videos/{id_of(1)}")
    details = page.get_by_role("dialog")
    details.get_by_role("tab", name="API").click()
    call = details.get_by_role("region", name="Get this video")
    assert call.evaluate(_IS_CUT)
    assert not [box for box in details.locator("pre").all() if box.evaluate(_WRAPPED)]
    assert details.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    heading = details.get_by_role("heading").first.inner_text()
    call.focus()
    page.keyboard.press("ArrowRight")
    expect(call).not_to_have_js_property("scrollLeft", 0)
    expect(details.get_by_role("heading").first).to_have_text(heading)
    assert watched.accessibility_findings() == []
