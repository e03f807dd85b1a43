"""The page at / in a real browser: what is dropped there becomes a video with a picture."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.clips import Clips
from tests.page import DONE_MS, DROP, card, expect_picture
from tests.stack import RunningStack


@pytest.fixture
def page(stack: RunningStack, watched: WatchedPage) -> Iterator[WatchedPage]:
    watched.page.goto(stack.api)
    expect(watched.page.locator(DROP)).to_be_visible()
    yield watched
    assert watched.origins <= {stack.api, stack.addresses["s3"]}


def test_what_is_dropped_becomes_a_picture(page: WatchedPage, clips: Clips) -> None:
    names = [f"tiny.{kind}" for kind in ("mp4", "mov", "mkv", "webm", "avi", "wmv", "flv")]
    page.drop(DROP, *(clips[name] for name in names))
    for name in names:
        expect_picture(card(page, name))


def test_the_page_is_light_and_stands_still(page: WatchedPage, clips: Clips) -> None:
    page.drop(DROP, clips["tiny.mp4"])
    expect_picture(card(page, "tiny.mp4"))
    page.page.reload()
    expect_picture(card(page, "tiny.mp4"))
    figures = page.figures()
    assert figures.layout_shift < 0.01
    assert 0 < figures.script_bytes <= 100_000


def test_a_hostile_file_is_shown_with_its_reason(page: WatchedPage, clips: Clips) -> None:
    page.drop(DROP, clips["text.mp4"])
    failed = card(page, "text.mp4")
    expect(failed.locator("[data-status=failed]")).to_be_visible(timeout=DONE_MS)
    expect(failed).to_contain_text("not a video")


def test_what_clipo_does_not_take_is_refused_at_once(page: WatchedPage, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    page.drop(DROP, tmp_path / "notes.txt")
    expect(page.page.get_by_text("This is not a video that Clipo takes").first).to_be_visible()
    page.drop(DROP, tmp_path / "empty.mp4")
    expect(page.page.get_by_text("This file is empty").first).to_be_visible()


def test_a_video_is_looked_at_and_deleted(page: WatchedPage, clips: Clips) -> None:
    page.drop(DROP, clips["tiny.webm"])
    expect_picture(card(page, "tiny.webm"))
    card(page, "tiny.webm").locator("a").click()
    details = page.page.get_by_role("dialog")
    expect(details).to_contain_text("Processing began")
    expect(details).to_contain_text(re.compile(r"curl -X DELETE \S+/videos/[0-9a-f]{24}"))
    video_id = page.page.url.rpartition("/")[2]
    page.page.get_by_role("button", name="Delete…").click()
    page.page.get_by_role("button", name="Delete it", exact=True).click()
    expect(details).to_have_count(0)
    expect(page.page.locator(f"[data-video='{video_id}']")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_shut_out(page: WatchedPage, clips: Clips, *, dark: bool) -> None:
    page.drop(DROP, clips["tiny.mp4"])
    expect_picture(card(page, "tiny.mp4"))
    for width, height in ((360, 740), (1280, 800), (3840, 2160)):
        page.screenshot("page", width=width, height=height, dark=dark)
        assert page.accessibility_findings() == []
        wider = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0
    card(page, "tiny.mp4").locator("a").click()
    expect(page.page.get_by_role("dialog")).to_be_visible()
    page.screenshot("details", width=1280, height=1000, dark=dark)
    assert page.accessibility_findings() == []
