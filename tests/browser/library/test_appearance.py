"""The languages, themes, sizes and directions of the page."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from functions.core.video import Failure
from tests.browsers import WatchedPage, opened
from tests.examples import failed_video
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, failed, fill, fits, pick, show_pictures
from tests.page import close_details, id_of, name_of


@pytest.mark.parametrize(
    ("locale", "choose", "date", "failure"),
    [
        ("en-GB", "Choose videos.*anywhere", r"2 Jan 2026, 03:04:05", "It failed."),
        ("de-AT", "Videos auswählen.*irgendwo", r"02.01.2026, 03:04:05", "mehrmals misslungen"),
        ("es-MX", "Elegir vídeos.*en cualquier", r"2 ene 2026", "ha fallado varias veces"),
        ("tlh", "Choose videos.*anywhere", r"Jan 2, 2026", "It failed."),
    ],
)
def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser,
    origin: str,
    records: FakeCatalog,
    locale: str,
    choose: str,
    date: str,
    failure: str,
) -> None:
    fill(records, 2)
    records.videos[id_of(5)] = failed(5, retryable=True)
    newer = Failure("newer_than_the_page", "This is new.", retryable=False)
    records.videos[id_of(6)] = replace(failed_video(id_of(6)), error=newer)
    with opened(browser, locale=locale, timezone_id="UTC") as page:
        show_pictures(page)
        page.page.goto(f"{origin}/#/videos/{id_of(1)}")
        expect(page.page.locator(".drop")).to_contain_text(re.compile(choose))
        expect(page.page.get_by_role("dialog")).to_contain_text(re.compile(date))
        expect(page.page.locator(".why")).to_contain_text(["This is new.", failure])
        expect(page.page.locator(".why").first).to_have_attribute("lang", "en")
        language = locale.partition("-")[0]
        expected = language if language in ("de", "es") else "en"
        assert page.page.locator("html").get_attribute("lang") == expected
        for width in (320, 1280):
            page.screenshot(f"language-{expected}", width=width, height=800)
            assert fits(page)
        assert page.accessibility_findings() == []


def test_the_user_chooses_language_and_theme(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 2)
    page.page.goto(origin)
    page.page.get_by_label("Settings").click()
    page.screenshot("settings", width=360, height=740)
    page.page.get_by_label("Theme").select_option("dark")
    background = page.page.locator("html")
    expect(background).to_have_css("background-color", "rgb(15, 16, 18)")
    page.page.get_by_label("Language").select_option("de")
    expect(page.page.get_by_role("button", name="Videos auswählen")).to_be_visible()
    expect(background).to_have_css("background-color", "rgb(15, 16, 18)")
    page.page.get_by_label("Einstellungen").click()
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_label("Einstellungen")).to_be_focused()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_page_fits_at_320_pixels_at_twice_the_size_and_from_right_to_left(
    browser: Browser, origin: str, records: FakeCatalog, direction: str
) -> None:
    fill(records, 7)
    records.videos[id_of(9)] = failed(9, retryable=True)
    turn = f"document.documentElement.dir = '{direction}'"
    # At 200% a window of 1280 by 800 has as much room as one of 640 by 400.
    with opened(browser, device_scale_factor=2) as page:
        show_pictures(page)
        for width, height in ((320, 740), (640, 400)):
            page.page.set_viewport_size({"width": width, "height": height})
            page.page.goto(f"{origin}/?{width}")
            expect(cards(page).first).to_be_visible()
            page.page.evaluate(turn)
            pick(page, 3)
            assert fits(page)
            page.screenshot(f"list-{direction}", width=width, height=height)
            page.page.get_by_role("button", name="Clear the selection").click()
            cards(page).nth(1).click()
            details = page.page.get_by_role("dialog")
            page.screenshot(f"details-{direction}", width=width, height=height)
            assert details.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
            page.page.keyboard.press("ArrowLeft")
            name = name_of(9) if direction == "ltr" else name_of(5)
            expect(details).to_contain_text(name)
            close_details(page)
            expect(details).to_have_count(0)
