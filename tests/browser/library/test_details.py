"""The details of a video whose file is incomplete, plays nowhere, or is played."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from functions.core.media import MediaWarning
from tests.browsers import WatchedPage
from tests.examples import done_video, media
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, fill
from tests.page import id_of, isolated


def test_a_file_whose_end_is_missing_is_not_shown_as_whole(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    cut = replace(media(), warnings=(MediaWarning.TRUNCATED,))
    records.videos[id_of(1)] = replace(done_video(), id=id_of(1), media=cut)
    page.page.goto(origin)
    expect(cards(page)).to_contain_text("Incomplete")
    cards(page).click()
    details = page.page.get_by_role("dialog")
    expect(details.locator(".note").last).to_contain_text("The end of the file is missing")


def test_a_video_that_no_browser_plays_is_offered_as_a_file(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    flash = replace(media(), container="flv")
    records.videos[id_of(1)] = replace(done_video(), id=id_of(1), media=flash)
    page.page.goto(f"{origin}/#/videos/{id_of(1)}")
    details = page.page.get_by_role("dialog")
    expect(details.get_by_role("link", name="Download")).to_be_visible()
    expect(details.locator(".note")).to_contain_text("No browser")
    expect(details.get_by_role("button", name="Play")).to_have_count(0)
    page.screenshot("unplayable", width=1280, height=800)


def test_the_player_is_loaded_when_it_is_asked_for(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 1)
    page.page.goto(origin)
    cards(page).first.click()
    page.page.route("**/source", lambda route: route.abort())
    page.expect_complaint("ERR_FAILED")
    assert not [url for url in page.requests if "/player-" in url]
    with page.page.expect_request("**/assets/player-*.js"):
        page.page.get_by_role("button", name="Play").click()


@pytest.mark.parametrize("name", ["../../.evil.mp4", r"..\..\evil.mp4", "/etc/evil.mp4"])
def test_the_shown_programs_leave_the_folders_alone_that_a_name_leads_to(
    page: WatchedPage, origin: str, records: FakeCatalog, name: str
) -> None:
    records.videos[id_of(1)] = replace(done_video(), id=id_of(1), filename=name)
    page.page.goto(f"{origin}/#/videos/{id_of(1)}")
    details = page.page.get_by_role("dialog")
    details.get_by_role("tab", name="API").click()
    for program in ("curl", "JavaScript", "Python"):
        details.get_by_role("radio", name=program).check(force=True)
        upload = details.get_by_role("region", name="Upload it to storage").inner_text()
        assert re.search(r'"evil\.mp4"', upload), upload
        if program != "curl":  # which takes the name from the response, without its folders
            download = details.get_by_role("region", name="Download the file").inner_text()
            assert re.search(r'"evil\.mp4"', download), download


def test_an_address_of_no_video_is_shown_as_it_was_typed(page: WatchedPage, origin: str) -> None:
    page.page.goto(f"{origin}/#/videos/<no video>")
    expect(page.page.get_by_role("dialog")).to_contain_text(isolated("<no video>"))
