"""A film of a minute plays in Chromium, although the storage refuses addresses after 5 seconds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browsers import WatchedPage, site
from tests.clips import Clips
from tests.documented import DELIVERY_DOCS, recipe
from tests.running_stack import RunningStack
from tests.strict_s3 import StrictS3, delivering_stack

pytestmark = pytest.mark.long

_VALID = timedelta(seconds=5)
_ID_IN_DOCS = "507f1f77bcf86cd799439011"
_NEAR_S = 3
"""Seconds of the film within which a seek must play on."""


@dataclass(frozen=True)
class Cinema:
    stack: RunningStack
    storage: StrictS3
    film: str


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory, clips: Clips) -> Iterator[Cinema]:
    with delivering_stack(tmp_path_factory.mktemp) as (stack, storage):
        film = stack.upload_signed(clips["film.mp4"])
        assert stack.finished(film)["status"] == "done"
        storage.oldest = _VALID
        yield Cinema(stack, storage, film)


def moment(video: Locator) -> float:
    return float(video.evaluate("(video) => video.currentTime"))


def await_playing(video: Locator, start: float) -> None:
    """Wait until it plays on after a moment."""
    deadline = time.monotonic() + 30
    while True:
        video.page.wait_for_timeout(50)
        at, paused = moment(video), video.evaluate("(video) => video.paused")
        if start < at < start + _NEAR_S and not paused:
            return
        assert time.monotonic() < deadline, (start, at, paused)


def outlive_the_signature(video: Locator) -> None:
    video.page.wait_for_timeout(_VALID.total_seconds() * 1000 + 500)


def seek_and_play(video: Locator, cinema: Cinema) -> None:
    """Seek to moments that are not buffered, each when the signature has ended."""
    await_playing(video, 0)
    for target in (45, 20, 55):
        outlive_the_signature(video)
        video.evaluate("(video, target) => { video.currentTime = target; }", target)
        await_playing(video, target)
    refused = cinema.storage.refused
    assert refused.count("AccessDenied") >= 2, "it really asked again"


def test_the_documented_handler_plays_on(
    cinema: Cinema, watched: WatchedPage, tmp_path: Path
) -> None:
    watched.expect_complaint("403")
    found = recipe("Play in a page", DELIVERY_DOCS)
    html = found["html"].replace("http://localhost:8000", cinema.stack.api)
    html = html.replace(_ID_IN_DOCS, cinema.film)
    page = f"<!doctype html><script>{found['js']}</script>{html}"
    (tmp_path / "index.html").write_text(page)
    cinema.storage.refused.clear()
    with site(tmp_path) as origin:
        watched.page.goto(origin)
        video = watched.page.locator("video")
        video.evaluate("(video) => { video.muted = true; return video.play(); }")
        seek_and_play(video, cinema)


def test_the_page_plays_on_and_offers_the_file(cinema: Cinema, watched: WatchedPage) -> None:
    watched.expect_complaint("403")
    cinema.storage.refused.clear()
    watched.page.goto(f"{cinema.stack.api}/#/videos/{cinema.film}")
    dialog = watched.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Play").click()
    video = dialog.locator("video")
    expect(video).to_be_focused()
    seek_and_play(video, cinema)
    with watched.page.expect_download() as download:
        dialog.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "film.mp4"
    download.value.cancel()
    assert moment(video) > 55, "it plays on"
    assert video.evaluate("(video) => video.error") is None
    watched.page.keyboard.press("Escape")
    expect(video).to_be_hidden()
    assert watched.origins == {cinema.stack.api, cinema.stack.addresses["s3"]}


def test_the_page_offers_a_file_that_no_browser_plays(
    cinema: Cinema, watched: WatchedPage, clips: Clips
) -> None:
    flash = cinema.stack.upload_signed(clips["sorenson.flv"])
    assert cinema.stack.finished(flash)["status"] == "done"
    watched.page.goto(f"{cinema.stack.api}/#/videos/{flash}")
    dialog = watched.page.get_by_role("dialog")
    expect(dialog.locator(".note")).to_contain_text("No browser")
    expect(dialog.get_by_role("button", name="Play")).to_have_count(0)
    expect(dialog.get_by_role("link", name="Download")).to_be_visible()


def test_the_page_says_where_a_file_that_is_cut_off_ends(
    cinema: Cinema, watched: WatchedPage, clips: Clips
) -> None:
    video_id = cinema.stack.upload_signed(clips["half.mp4"])
    assert cinema.stack.finished(video_id)["warnings"] == ["truncated"]
    watched.page.goto(f"{cinema.stack.api}/#/videos/{video_id}")
    dialog = watched.page.get_by_role("dialog")
    expect(dialog.locator(".note")).to_contain_text("The end of the file is missing")
    dialog.get_by_role("button", name="Play").click()
    expect(dialog.get_by_role("alert")).to_contain_text("cannot play the file")
