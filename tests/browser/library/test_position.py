"""The place of the open video in the list, shown in its details."""

import re
from dataclasses import replace

from playwright.sync_api import Route, expect

from functions.core.failures import NOT_A_VIDEO
from tests.browsers import WatchedPage
from tests.examples import done_video, failed_video
from tests.fakes.catalog import FakeCatalog
from tests.page import id_of, name_of

_FIRST_PAGE = 48


def _fill(records: FakeCatalog, count: int) -> None:
    """Add videos, of which every third has failed."""
    for number in range(count):
        one = failed_video() if number % 3 == 0 else done_video()
        error = NOT_A_VIDEO.failure() if one.error else None
        records.videos[id_of(number)] = replace(
            one, id=id_of(number), filename=name_of(number), thumbnail=None, error=error
        )


def test_the_details_say_the_place_in_the_filtered_list(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    _fill(records, 12)
    page = watched.page
    page.goto(f"{origin}/?status=failed#/videos/{id_of(6)}")
    details = page.get_by_role("dialog")
    expect(details.locator(".position")).to_have_text("2 of 4")
    page.keyboard.press("ArrowRight")
    expect(details.get_by_role("heading", name=name_of(3))).to_be_visible()
    expect(details.locator(".position")).to_have_text("3 of 4")
    details.get_by_role("tab", name="API").click()
    next_video = details.get_by_role("button", name="Next video")
    next_video.click()
    expect(details.locator(".position")).to_have_text("4 of 4")
    expect(next_video).to_be_disabled()
    expect(next_video).to_be_focused()
    # Who compares the calls of several videos keeps seeing them.
    expect(details.get_by_role("tab", name="API", selected=True)).to_be_visible()
    assert watched.accessibility_findings() == []
    # A video that the list does not show has no place in it.
    page.goto(f"{origin}/?status=failed#/videos/{id_of(1)}")
    expect(details.get_by_role("heading", name=name_of(1))).to_be_visible()
    expect(details.locator(".position")).to_have_count(0)


def test_the_list_is_continued_from_its_last_video(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    total = 100
    _fill(records, total)
    page = watched.page
    page.goto(f"{origin}/?view=table")
    rows = page.locator("[data-video]")
    expect(rows.first).to_be_visible()
    rows.first.click()
    details = page.get_by_role("dialog")
    expect(details.locator(".position")).to_have_text(f"1 of {_FIRST_PAGE}+")
    for place in range(2, _FIRST_PAGE + 2):
        page.keyboard.press("ArrowRight")
        expect(details.locator(".position")).to_have_text(re.compile(f"^{place} of"))
    page.keyboard.press("ArrowLeft")
    # The second page has all of the rest.
    expect(details.locator(".position")).to_have_text(f"{_FIRST_PAGE} of {total}")


def test_a_step_beyond_the_loaded_videos_waits_for_the_next_page(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    _fill(records, 60)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page = watched.page
    page.route("**/videos?*cursor=*", hold)
    with page.expect_request("**/videos?*cursor=*"):
        page.goto(f"{origin}/#/videos/{id_of(60 - _FIRST_PAGE)}")
    details = page.get_by_role("dialog")
    expect(details.locator(".position")).to_have_text(f"{_FIRST_PAGE} of {_FIRST_PAGE}+")
    next_video = details.get_by_role("button", name="Next video")
    expect(next_video).to_be_enabled()
    page.keyboard.press("ArrowRight")
    next_video.click()
    held.pop().continue_()
    # The second step was asked for the same video as the first.
    expect(details.locator(".position")).to_have_text(f"{_FIRST_PAGE + 1} of 60")


def test_the_list_is_continued_after_a_page_that_failed(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    total = 60
    _fill(records, total)
    failed: list[Route] = []

    def fail_once(route: Route) -> None:
        if failed:
            route.fallback()
            return
        failed.append(route)
        route.abort()

    page = watched.page
    page.route("**/videos?*cursor=*", fail_once)
    watched.expect_complaint("ERR_FAILED")
    third_from_last = _FIRST_PAGE - 2
    with page.expect_event("requestfailed"):
        page.goto(f"{origin}/#/videos/{id_of(total - third_from_last)}")
    position = page.get_by_role("dialog").locator(".position")
    expect(position).to_have_text(f"{third_from_last} of {_FIRST_PAGE}+")
    page.keyboard.press("ArrowRight")
    expect(position).to_have_text(f"{third_from_last + 1} of {total}")
