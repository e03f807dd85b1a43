"""The list of videos: what it shows, and how it is searched, filtered and sorted."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.fakes.catalog import FakeCatalog
from tests.library import cards, failed, fill, fits
from tests.page import DONE_MS, id_of, name_of, serve_many

_SOON_MS = 5000
"""The time in the page within which it shows a change from elsewhere."""


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
    shown = items.evaluate_all("(all) => all.map(({dataset}) => Number(dataset.at))")
    assert len(shown) < 200
    assert shown[-1] == 9999
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
    clock.pause_at(page.page.evaluate("Date.now() / 1000 + 10"))
    records.videos[id_of(9)] = failed(9, retryable=True)
    for _ in range(300):
        if cards(page).count() == 4:
            break
        clock.run_for(1000)
    expect(cards(page)).to_have_count(4)
    # The next request is one from after the change.
    with page.page.expect_response("**/videos?*"):
        clock.run_for(_SOON_MS)
    del records.videos[id_of(1)]
    for _ in range(10):
        clock.run_for(_SOON_MS // 10)
        # Answers come in real time: one to a request from before the change, too.
        page.page.wait_for_timeout(50)
    expect(cards(page)).to_have_count(3)
    clock.resume()
    expect(page.page.locator(".filters label").first).to_have_text("all3", timeout=DONE_MS)


def test_the_first_look_at_an_empty_library_shifts_nothing(page: WatchedPage, origin: str) -> None:
    page.page.goto(origin)
    expect(page.page.get_by_role("button", name="Try a sample")).to_be_visible()
    assert page.figures().layout_shift < 0.01


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
