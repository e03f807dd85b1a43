"""The page at / in a real browser: dropped files become videos with thumbnails."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests.browsers import WatchedPage, opened
from tests.clips import Clips
from tests.page import (
    DONE_MS,
    DROP,
    card,
    close_details,
    delete_open_video,
    expect_no_uploads,
    expect_picture,
    expect_ready,
    isolated,
)
from tests.running_stack import RunningStack

_SHIFTS = """
() => {
  globalThis.shifts = [];
  const tray = document.querySelector("#tray");
  new PerformanceObserver((list) => {
    for (const {value, sources} of list.getEntries())
      for (const {node} of sources)
        if (value > 0.001 && node && !tray.contains(node))
          shifts.push(`${value}: ${node.className}`);
  }).observe({type: "layout-shift"});
}
"""
"""Records layout shifts outside of the tray, whose rows come and go.

Smaller ones are the few words behind a status, which move when it changes.
"""

_ANIMATIONS = """
() => {
  globalThis.animated = 0;
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (...what) {
    animated++;
    return animate.apply(this, what);
  };
}
"""
_READS_LEFT_TO_RIGHT = """
(element, text) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const start = walker.currentNode.data.indexOf(text);
    if (start < 0) continue;
    const leftOf = (at) => {
      const range = document.createRange();
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + 1);
      return range.getBoundingClientRect().left;
    };
    return leftOf(start) < leftOf(start + text.length - 1);
  }
  throw new Error(`${text} is not there`);
}
"""
_NO_DATABASE = """
Object.defineProperty(window, "indexedDB", {
  configurable: true, get: () => { throw new DOMException("No", "SecurityError"); },
});
"""
_NOTHING_OPENS = """
IDBFactory.prototype.open = () => { throw new DOMException("No", "SecurityError"); };
"""
_WIDTHS = ((360, 740), (1280, 800), (3840, 2160))


@pytest.fixture
def page(stack: RunningStack, watched: WatchedPage) -> Iterator[WatchedPage]:
    watched.page.goto(stack.api)
    expect_ready(watched)
    yield watched
    assert watched.origins <= {stack.api, stack.addresses["s3"]}


@pytest.fixture
def named(clips: Clips, tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a clip under a name that no other test uses."""
    return lambda clip, name: Path(shutil.copy(clips[clip], tmp_path / name))


Named = Callable[[str, str], Path]


def upload(page: WatchedPage, clip: Path) -> str:
    """Upload a clip with the page; return its id."""
    page.drop(DROP, clip)
    link = card(page, clip.name).locator("a")
    expect(link).to_have_attribute("data-status", re.compile("done|failed"), timeout=DONE_MS)
    return link.get_attribute("data-video") or ""


def test_dropped_files_become_thumbnails(page: WatchedPage, named: Named) -> None:
    kinds = ("mp4", "mov", "mkv", "webm", "avi", "wmv", "flv")
    page.drop(DROP, *(named(f"tiny.{kind}", f"dropped.{kind}") for kind in kinds))
    for kind in kinds:
        expect_picture(card(page, f"dropped.{kind}"))


def test_a_placeholder_is_shown_until_the_thumbnail_has_loaded(
    page: WatchedPage, named: Named
) -> None:
    upload(page, named("tiny.mp4", "blurred.mp4"))
    page.page.route("**/thumbnail", lambda _: None)
    page.page.reload()
    backdrop = card(page, "blurred.mp4").locator(".backdrop")
    expect(backdrop).to_have_css("background-image", re.compile("^url.*data:image/png"))
    # Also lets those pass that are held.
    page.page.unroute("**/thumbnail")
    expect_picture(card(page, "blurred.mp4"))


def test_the_page_is_small_and_shifts_nothing(page: WatchedPage, named: Named) -> None:
    upload(page, named("tiny.mp4", "light.mp4"))
    page.page.reload()
    expect_picture(card(page, "light.mp4"))
    figures = page.figures()
    assert figures.layout_shift < 0.01
    assert 0 < figures.script_bytes <= 90_000


@pytest.mark.long
def test_the_page_is_painted_before_its_script_loads(
    page: WatchedPage, stack: RunningStack, named: Named
) -> None:
    upload(page, named("tiny.mp4", "painted.mp4"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.page.route("**/assets/main-*.js", hold)
    page.page.goto(stack.api, wait_until="commit")
    expect(page.page.get_by_role("heading", name="Videos")).to_be_visible()
    assert page.figures().first_paint_ms
    held[0].continue_()
    expect_ready(page)
    assert page.figures().layout_shift < 0.01


@pytest.mark.long
def test_nothing_slides_with_reduced_motion(page: WatchedPage, named: Named) -> None:
    upload(page, named("tiny.mp4", "moved.mp4"))
    page.page.emulate_media(reduced_motion="reduce")
    page.page.evaluate(_ANIMATIONS)
    upload(page, named("tiny.mp4", "motionless.mp4"))
    assert page.page.evaluate("animated") == 0


@pytest.mark.long
def test_new_and_finished_videos_shift_nothing(page: WatchedPage, named: Named) -> None:
    upload(page, named("tiny.mp4", "before.mp4"))
    expect_no_uploads(page)
    page.page.evaluate(_SHIFTS)
    page.page.evaluate(_ANIMATIONS)
    files = [
        named("tiny.mp4", "one.mp4"),
        named("text.mp4", "two.mp4"),
        named("tiny.webm", "3.webm"),
    ]
    # One by one: the API of shifts also counts a card that slides while it gets another place.
    for file, status in zip(files, ("done", "failed", "done"), strict=True):
        page.drop(DROP, file)
        finished = card(page, file.name).locator(f"[data-status={status}]")
        expect(finished).to_be_visible(timeout=DONE_MS)
    expect_no_uploads(page)
    assert page.page.evaluate("shifts") == []
    assert page.page.evaluate("animated") > 0


def test_a_failed_file_among_others_is_replaced(page: WatchedPage, named: Named) -> None:
    good = named("tiny.mp4", "good.mp4"), named("tiny.mkv", "good.mkv")
    page.drop(DROP, good[0], named("text.mp4", "bad.mp4"), good[1])
    expect_picture(card(page, "good.mp4"))
    expect_picture(card(page, "good.mkv"))
    bad = card(page, "bad.mp4")
    expect(bad.locator("[data-status=failed]")).to_be_visible(timeout=DONE_MS)
    expect(bad).to_contain_text("not a video")
    bad.locator("a").click()
    details = page.page.get_by_role("dialog")
    expect(details).to_contain_text("not_a_video")
    expect(details.get_by_role("button", name="Retry")).to_have_count(0)
    with page.page.expect_file_chooser() as chosen:
        details.get_by_role("button", name="Upload another file").click()
    chosen.value.set_files(named("tiny.mp4", "better.mp4"))
    expect(details).to_have_count(0)
    expect_picture(card(page, "better.mp4"))


def test_unsupported_and_empty_files_are_refused_at_once(page: WatchedPage, tmp_path: Path) -> None:
    texts = [tmp_path / f"{number}.txt" for number in range(4)]
    for text in texts:
        text.write_text("no video")
    (tmp_path / "empty.mp4").touch()
    page.drop(DROP, *texts, tmp_path / "empty.mp4")
    names = ", ".join(isolated(text.name) for text in texts[:3])
    refusals = page.page.locator(".refusal")
    expect(refusals).to_contain_text(
        [f"Not in a supported format: {names} and 1 more", f"Empty: {isolated('empty.mp4')}"]
    )
    expect(page.page.locator("#screen-reader-messages")).to_contain_text("Not in a supported")
    expect(page.page.get_by_role("alert")).to_have_count(0)
    page.screenshot("refused", width=360, height=740)
    refusals.first.get_by_role("button", name="Dismiss").click()
    expect(refusals).to_contain_text(["empty"])
    refusals.get_by_role("button", name="Dismiss").click()
    expect_no_uploads(page)
    assert not [call for call in page.calls if call.startswith("POST ")]


def test_a_video_is_shown_and_deleted(page: WatchedPage, named: Named) -> None:
    page.expect_complaint("404")
    video_id = upload(page, named("tiny.webm", "looked-at.webm"))
    card(page, "looked-at.webm").locator("a").click()
    details = page.page.get_by_role("dialog")
    expect(details).to_contain_text("Processing started")
    expect(details).to_contain_text("All browsers play the video.")
    details.get_by_role("tab", name="API").click()
    expect(details).to_contain_text(re.compile(rf"curl -X DELETE \S+/videos/{video_id}"))
    details.get_by_role("tab", name="Overview").click()
    details.get_by_role("button", name="Delete…").click()
    details.get_by_role("button", name="Keep it").click()
    assert not [call for call in page.calls if call.startswith("DELETE ")]
    delete_open_video(page)
    expect(details).to_have_count(0)
    expect(page.page.locator(f"[data-video='{video_id}']")).to_have_count(0)


@pytest.mark.long
def test_the_buttons_copy_the_shown_commands(
    page: WatchedPage, stack: RunningStack, named: Named, tmp_path: Path
) -> None:
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=stack.api)
    upload(page, named("tiny.mp4", "it's copied.mp4"))
    card(page, "it's copied.mp4").locator("a").click()
    page.page.get_by_role("tab", name="API").click()
    calls = page.page.locator(".calls li")
    for call in calls.all():
        call.get_by_role("button").click()
        expect(call.get_by_role("button")).to_have_text("Copied")
        shown = call.locator("pre").inner_text()
        assert page.page.evaluate("navigator.clipboard.readText()") == shown
    announce = calls.first.locator("pre").inner_text()
    subprocess.run(["sh", "-c", announce], cwd=tmp_path, check=True, timeout=30)
    assert json.loads((tmp_path / "video.json").read_text())["filename"] == "it's copied.mp4"


@pytest.mark.long
@pytest.mark.parametrize("address", ["cut-off", "%", "..", "x" * 5000], ids=str.__len__)
def test_the_address_of_an_unknown_video_says_so(
    page: WatchedPage, stack: RunningStack, address: str
) -> None:
    page.expect_complaint("40[04]|ERR_")
    page.page.set_viewport_size({"width": 360, "height": 740})
    page.page.goto(f"{stack.api}/#/videos/{address}")
    details = page.page.get_by_role("dialog")
    expect(details).to_contain_text("was deleted")
    assert details.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    details.get_by_role("button", name="Show all videos").click()
    expect(details).to_have_count(0)


@pytest.mark.long
def test_back_closes_the_details(page: WatchedPage, named: Named) -> None:
    upload(page, named("tiny.mp4", "back.mp4"))
    link = card(page, "back.mp4").locator("a")
    link.click()
    expect(page.page).to_have_title(f"{isolated('back.mp4')} · Clipo")
    page.page.go_back()
    expect(page.page.get_by_role("dialog")).to_have_count(0)
    expect(page.page).to_have_title("Clipo")
    expect(link).to_be_focused()


def background(element: Locator) -> str:
    return str(element.evaluate("(element) => getComputedStyle(element).backgroundColor"))


@pytest.mark.long
def test_the_page_is_readable_in_forced_colours_and_on_small_screens(
    page: WatchedPage, named: Named
) -> None:
    upload(page, named("text.mp4", "small-failed.mp4"))
    page.page.emulate_media(forced_colors="active")
    chosen, other = page.page.locator(".filters span").all()[:2]
    # Without colours of the page only these show what is chosen, and where a picture ends.
    assert background(chosen) != background(other)
    expect(card(page, "small-failed.mp4").locator(".picture")).to_have_css("border-width", "1px")
    page.screenshot("forced-colours", width=1280, height=800)
    page.page.emulate_media(forced_colors="none")
    card(page, "small-failed.mp4").locator("a").click()
    page.page.get_by_role("tab", name="API").click()
    expect(page.page.locator(".calls")).to_be_visible()
    for call in page.page.locator(".calls li").all():
        button = call.get_by_role("button").bounding_box()
        command = call.locator("pre").bounding_box()
        assert button
        assert command
        assert button["y"] + button["height"] <= command["y"] + 1
    page.page.locator(".calls").scroll_into_view_if_needed()
    page.screenshot("calls", width=320, height=740)


@pytest.mark.long
def test_videos_are_filtered_by_status(page: WatchedPage, named: Named) -> None:
    upload(page, named("tiny.mp4", "filtered.mp4"))
    upload(page, named("text.mp4", "filtered-out.mp4"))
    statuses = page.page.locator(".card a")
    for status, seen, hidden in (
        ("done", "filtered.mp4", "filtered-out.mp4"),
        ("failed", "filtered-out.mp4", "filtered.mp4"),
    ):
        page.page.get_by_role("radio", name=status).check(force=True)
        expect(card(page, hidden)).to_have_count(0)
        expect(card(page, seen)).to_be_visible()
        assert {one.get_attribute("data-status") for one in statuses.all()} == {status}
    page.page.get_by_role("radio", name="processing").check(force=True)
    expect(page.page.get_by_text("Nothing is being processed.")).to_be_visible()


def test_files_are_taken_that_hover_while_other_uploads_finish(
    page: WatchedPage, stack: RunningStack, named: Named
) -> None:
    page.page.clock.install()
    page.page.goto(stack.api)
    expect_ready(page)
    page.drop(DROP, named("tiny.mp4", "landed.mp4"))
    expect(card(page, "landed.mp4")).to_be_visible(timeout=DONE_MS)
    with page.dragged(DROP, named("tiny.mp4", "hovering.mp4")):
        page.page.clock.fast_forward(2000)
    expect_picture(card(page, "hovering.mp4"))
    expect_no_uploads(page)


@pytest.mark.long
def test_the_page_works_by_keyboard(page: WatchedPage, named: Named) -> None:
    video_id = upload(page, named("tiny.mp4", "typed.mp4"))
    press = page.page.keyboard.press
    page.page.get_by_role("radio", name="all").focus()
    details = page.page.get_by_role("dialog")
    link = page.page.locator(f"[data-video='{video_id}']")
    for place in (
        page.page.get_by_role("searchbox"),
        page.page.get_by_role("combobox", name="Sort"),
        page.page.get_by_role("radio", name="Grid"),
        link,
    ):
        press("Tab")
        expect(place).to_be_focused()
    press("Enter")
    expect(details).to_be_visible()
    page.page.get_by_role("button", name="Close").focus()
    for place in (
        details.get_by_role("tab", name="Overview"),
        details.get_by_role("button", name="Play"),
        details.get_by_role("link", name="Download"),
        details.get_by_role("button", name="Delete…"),
    ):
        press("Tab")
        expect(place).to_be_focused()
    press("Enter")
    expect(details.get_by_role("button", name="Keep it")).to_be_focused()
    press("Enter")
    expect(details.get_by_role("button", name="Delete…")).to_be_focused()
    press("Escape")
    expect(details).to_have_count(0)
    expect(link).to_be_focused()


def reads_left_to_right(element: Locator, text: str) -> bool:
    """Whether a text that the element shows in one line begins at its left end."""
    return bool(element.evaluate(_READS_LEFT_TO_RIGHT, text))


def test_a_right_to_left_name_does_not_turn_the_text_after_it(
    page: WatchedPage, named: Named, tmp_path: Path
) -> None:
    refused = tmp_path / "\u202etxt.txt"
    refused.write_text("no video")
    page.drop(DROP, refused)
    assert reads_left_to_right(page.page.locator(".refusal").first, "Choose")
    name = "\u202e4pm.mp4"
    upload(page, named("tiny.mp4", name))
    expect(card(page, name).locator(".name")).to_have_text(name)
    card(page, name).locator("a").click()
    details = page.page.get_by_role("dialog")
    expect(details.locator("h2 bdi")).to_have_text(name)
    details.get_by_role("tab", name="API").click()
    assert reads_left_to_right(details.locator("pre").first, ">video.json")
    expect(page.page).to_have_title(f"{isolated(name)} · Clipo")


def test_names_are_shown_as_text(page: WatchedPage, named: Named) -> None:
    names = [
        "<img src=x onerror=alert(1)>.mp4",
        "\u202efdp.4pm عطلة الصيف 🏖️.mp4",
        "a-name-that-does-not-end-" * 8 + ".mp4",
    ]
    page.drop(DROP, *(named("tiny.mp4", name) for name in names))
    for name in names:
        expect_picture(card(page, name))
        expect(card(page, name).locator(".name")).to_have_text(name)
    page.page.set_viewport_size({"width": 360, "height": 740})
    for name in names:
        card(page, name).locator("a").click()
        expect(page.page.get_by_role("heading", name=name)).to_be_visible()
        wider = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0
        close_details(page)


def test_the_page_says_that_the_service_cannot_be_reached(page: WatchedPage) -> None:
    page.expect_complaint("ERR_FAILED")
    page.page.route("**/videos?*", lambda route: route.abort())
    page.page.reload()
    expect(page.page.locator(".trouble")).to_contain_text("cannot be reached")
    page.page.unroute("**/videos?*")
    expect(page.page.locator(".trouble")).to_be_hidden()


@pytest.mark.long
def test_without_javascript_the_page_says_what_to_do(browser: Browser, stack: RunningStack) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.page.goto(stack.api)
        expect(page.page.locator("noscript")).to_be_visible()
        expect(page.page.get_by_role("heading", name="Clipo")).to_be_visible()
        page.screenshot("no-script", width=1280, height=800)


@pytest.mark.long
@pytest.mark.parametrize("blocked", [_NO_DATABASE, _NOTHING_OPENS], ids=["no-database", "no-open"])
def test_the_page_works_in_browsers_that_store_nothing(
    watched: WatchedPage, stack: RunningStack, named: Named, blocked: str
) -> None:
    watched.page.add_init_script(blocked)
    watched.page.goto(stack.api)
    expect(watched.page.locator("#limits")).to_contain_text("at most")
    clip = named("tiny.mp4", f"forgotten-{len(blocked)}.mp4")
    watched.drop(DROP, clip)
    expect_picture(card(watched, clip.name))


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_page_is_accessible(page: WatchedPage, named: Named, *, dark: bool) -> None:
    ids = {
        "done": upload(page, named("tiny.mp4", f"seen-{dark}.mp4")),
        "failed": upload(page, named("text.mp4", f"seen-failed-{dark}.mp4")),
    }
    for width, height in _WIDTHS:
        page.screenshot("page", width=width, height=height, dark=dark)
        assert page.accessibility_findings() == []
        wider = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0
    for status, video_id in ids.items():
        page.page.locator(f"[data-video='{video_id}']").click()
        expect(page.page.get_by_role("dialog")).to_contain_text(video_id)
        for width, height in _WIDTHS:
            page.screenshot(f"details-{status}", width=width, height=height, dark=dark)
        assert page.accessibility_findings() == []
        close_details(page)
