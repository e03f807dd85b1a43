"""The list of the page, served with fake adapters: many videos in many states at once."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from functions.core.video import Failure, MediaWarning, Video
from tests.browsers import WatchedPage, opened
from tests.examples import OPEN, done_video, failed_video, media
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.page import DONE_MS, DROP, id_of, name_of, serve_many
from tests.served_api import served
from tests.slow_storage import slow_storage

_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"/>'
_SCROLL_KEPT = "() => scrollY > 1000 && history.state?.scroll === scrollY"
_SOON_MS = 5000
"""The time in the page within which it shows a change from elsewhere."""


def fill(records: FakeCatalog, count: int) -> None:
    """Add finished videos, of which the one with the highest number is the newest."""
    for number in range(count):
        one = done_video()
        records.videos[id_of(number)] = replace(one, id=id_of(number), filename=name_of(number))


def failed(number: int, *, retryable: bool) -> Video:
    error = Failure("retries_exhausted" if retryable else "not_a_video", "It failed.", retryable)
    return replace(failed_video(id_of(number)), filename=name_of(number), error=error)


@pytest.fixture
def records() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def origin(records: FakeCatalog) -> Iterator[str]:
    with served(records, FakeApiKeys(), OPEN) as port:
        yield f"http://127.0.0.1:{port}"


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
    file.write_bytes(bytes(9_000_000))
    return file


def show_pictures(page: WatchedPage) -> None:
    picture = {"body": _PICTURE, "content_type": "image/svg+xml"}
    for address in ("**/thumbnail*", "**/image.jpg*", "**/storyboard.jpg*"):
        page.page.route(address, lambda route: route.fulfill(**picture))


@pytest.fixture
def page(watched: WatchedPage) -> WatchedPage:
    show_pictures(watched)
    watched.page.set_viewport_size({"width": 1280, "height": 800})
    return watched


def cards(page: WatchedPage) -> Locator:
    return page.page.locator(".card a")


def pick(page: WatchedPage, number: int, **options: list[str]) -> None:
    box = page.page.get_by_role("checkbox", name=f"Select {name_of(number)}")
    box.click(force=True, **options)  # type: ignore[arg-type]


def fits(page: WatchedPage) -> bool:
    return bool(page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.long
def test_of_ten_thousand_videos_only_those_near_the_screen_are_drawn(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 1)
    serve_many(page, origin, 10_000)
    page.page.goto(origin)
    last = page.page.locator(f"[data-video='{id_of(0)}']")
    items = page.page.locator("#library [data-at]")
    expect(items.first).to_be_visible()
    for _ in range(300):
        if last.count():
            break
        with page.page.expect_response("**/videos?*"):
            page.page.keyboard.press("End")
    page.page.keyboard.press("End")
    expect(last).to_be_in_viewport(timeout=DONE_MS)
    assert items.count() < 200
    assert items.last.get_attribute("data-at") == "9999"
    shown = [int(str(one.get_attribute("data-at"))) for one in items.all()]
    assert shown == sorted(shown)
    page.page.keyboard.press("Home")
    first = page.page.locator(f"[data-video='{id_of(9999)}']")
    expect(first).to_be_in_viewport(timeout=DONE_MS)


def test_the_end_of_a_long_list_stays_visible_in_a_wider_window(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 200)
    page.page.set_viewport_size({"width": 600, "height": 800})
    page.page.goto(origin)
    last = page.page.locator(f"[data-video='{id_of(0)}']")
    for _ in range(100):
        if last.count():
            break
        page.page.keyboard.press("End")
        page.page.wait_for_timeout(100)
    expect(last).to_be_in_viewport()
    page.page.set_viewport_size({"width": 1920, "height": 800})
    expect(last).to_be_in_viewport()


def test_videos_are_found_by_name_id_and_passthrough(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 30)
    tagged = replace(records.videos[id_of(7)], passthrough="user:7")
    records.videos[tagged.id] = tagged
    page.page.goto(origin)
    search = page.page.get_by_role("searchbox")
    for text, found in (
        ("CLIP-0001", [name_of(number) for number in range(10, 20)]),
        (id_of(3), [name_of(3)]),
        ("user:7", [name_of(7)]),
    ):
        search.fill(text)
        expect(page.page.locator("#library .name")).to_have_text(found)
    expect(page.page.get_by_role("combobox", name="Sort")).to_be_disabled()
    page.page.reload()
    expect(search).to_have_value("user:7")
    expect(cards(page)).to_have_count(1)
    search.fill("nothing like it")
    expect(page.page.get_by_text("A search looks at the beginning")).to_be_visible()
    page.page.get_by_role("button", name="Show all videos").click()
    expect(cards(page)).to_have_count(30)
    expect(search).to_have_value("")


def test_the_filters_have_numbers_and_the_address_says_what_is_shown(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 40)
    records.videos[id_of(99)] = failed(99, retryable=False)
    page.page.goto(origin)
    filters = page.page.locator(".filters label")
    expect(filters).to_have_text(["all41", "pending0", "processing0", "done40", "failed1"])
    page.page.get_by_role("radio", name="failed").check(force=True)
    expect(cards(page)).to_have_count(1)
    page.page.get_by_role("radio", name="all").check(force=True)
    page.page.get_by_role("combobox", name="Sort").select_option("oldest")
    page.page.get_by_role("radio", name="Table").check(force=True)
    expect(page.page.locator("tbody tr")).to_have_count(41)
    assert page.page.url == f"{origin}/?sort=oldest&view=table"
    page.page.reload()
    expect(page.page.locator("tbody .name").first).to_have_text(name_of(0))
    page.screenshot("table", width=1280, height=800)
    assert page.accessibility_findings() == []


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
    page.page.get_by_role("radio", name="Table").check(force=True)
    page.page.get_by_role("radio", name="Grid").check(force=True)
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
    page.page.go_back()
    expect(page.page).to_have_url(f"{origin}/")
    page.page.wait_for_function(_SCROLL_KEPT)
    expect(page.page.get_by_role("radio", name="all")).to_be_checked()
    page.page.go_forward()
    expect(cards(page)).to_have_count(1)
    page.page.go_back()
    page.page.go_back()
    expect(page.page).to_have_url(f"{origin}/docs")


def test_the_headings_of_the_table_sort_it(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 3)
    first = replace(records.videos[id_of(1)], filename="aardvark.mp4")
    records.videos[first.id] = first
    page.page.goto(f"{origin}/?view=table")
    names = page.page.locator("tbody .name")
    name, created = (page.page.get_by_role("columnheader", name=one) for one in ("Name", "Created"))
    for heading, order, shown in (
        (name, "ascending", ["aardvark.mp4", name_of(0), name_of(2)]),
        (created, "descending", [name_of(2), "aardvark.mp4", name_of(0)]),
        (created, "ascending", [name_of(0), "aardvark.mp4", name_of(2)]),
    ):
        heading.get_by_role("button").click()
        expect(names).to_have_text(shown)
        expect(heading).to_have_attribute("aria-sort", order)
        expect(page.page.locator("th[aria-sort]")).to_have_count(1)
    steps = page.page.evaluate("history.length")
    name.get_by_role("button").click()
    name.get_by_role("button").click()
    assert page.page.evaluate("history.length") == steps + 1
    page.page.get_by_role("searchbox").fill("clip")
    expect(name).to_have_attribute("aria-sort", "ascending")
    expect(created.get_by_role("button")).to_be_disabled()


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


def test_of_a_longer_list_only_the_loaded_videos_are_selected(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 200)
    page.page.goto(f"{origin}/?view=table")
    page.page.get_by_role("checkbox", name=re.compile("Select the [0-9]+ loaded")).click()
    expect(page.page.locator(".bulk")).to_contain_text(re.compile("^[0-9]+ selected"))


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
        page.page.get_by_role("button", name="Dismiss").click()
        bulk.get_by_role("button", name="Clear the selection").click()


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
    with page.page.expect_response("**/videos?*counts=true*") as answer:
        page.drop(DROP, holiday)
    assert answer.value.json()["counts"]["pending"] == 1
    with page.page.expect_response("**/videos?*"):
        pass
    expect(page.page.locator(".filters label")).to_have_text(
        ["all2", "pending0", "processing0", "done2", "failed0"]
    )
    expect(cards(page)).to_have_count(2)


def test_the_first_look_at_an_empty_library_shifts_nothing(page: WatchedPage, origin: str) -> None:
    page.page.goto(origin)
    expect(page.page.get_by_role("button", name="Try a sample")).to_be_visible()
    assert page.figures().layout_shift < 0.01


def test_changes_from_elsewhere_show_within_five_seconds(
    page: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    fill(records, 3)
    clock = page.page.clock
    clock.install()
    page.page.goto(origin)
    expect(cards(page)).to_have_count(3)
    with page.page.expect_response(lambda answer: answer.status == 304):
        pass
    # From here on only the test lets time pass in the page.
    clock.pause_at(page.page.evaluate("Date.now() / 1000 + 1"))
    records.videos[id_of(9)] = failed(9, retryable=True)
    for _ in range(300):
        if cards(page).count() == 4:
            break
        clock.run_for(1000)
    expect(cards(page)).to_have_count(4)
    del records.videos[id_of(1)]
    for _ in range(10):
        clock.run_for(_SOON_MS // 10)
        # Answers come in real time: one to a request from before the change, too.
        page.page.wait_for_timeout(50)
    expect(cards(page)).to_have_count(3)
    clock.resume()
    expect(page.page.locator(".filters label").first).to_have_text("all3", timeout=DONE_MS)


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
            page.page.keyboard.press("Escape")
            expect(details).to_have_count(0)


@pytest.mark.long
def test_a_new_user_sees_three_steps_and_tries_a_sample(page: WatchedPage, origin: str) -> None:
    page.page.goto(origin)
    empty = page.page.locator(".empty")
    expect(empty.locator("li")).to_have_count(3)
    for width, dark in ((320, True), (1280, False)):
        page.screenshot("empty", width=width, height=740, dark=dark)
        assert fits(page)
        assert page.accessibility_findings() == []
    with page.page.expect_request(lambda one: one.method == "POST", timeout=20_000) as asked:
        empty.get_by_role("button", name="Try a sample").click()
        expect(empty.get_by_role("button", name="Recording a sample…")).to_be_disabled()
    assert re.search(r"sample\.(mp4|webm)", asked.value.post_data or "")
    page.expect_complaint(".")
