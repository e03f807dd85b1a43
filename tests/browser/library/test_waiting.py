"""Pending videos whose uploads the page does not make: what they wait for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browsers import WatchedPage
from tests.examples import uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.page import id_of

_WAITING = "Waiting for its upload"
_STOPPED = "Its upload may have stopped"
_QUEUED = "Waiting for processing"


@pytest.fixture
def records() -> FakeCatalog:
    """An upload that goes on, one that has stopped, and a video that is retried."""
    records, now = FakeCatalog(), datetime.now(UTC)
    sources = None, None, uploaded().source
    for number, (minutes, source) in enumerate(zip((5, -5, -5), sources, strict=True)):
        one = video(id_of(number), created_at=now - timedelta(minutes=20), source=source)
        ends = now + timedelta(minutes=minutes)
        records.videos[one.id] = replace(one, upload=replace(one.upload, expires_at=ends))
    return records


@pytest.mark.parametrize("view", ["grid", "table"])
def test_the_list_says_what_a_pending_video_waits_for(
    watched: WatchedPage, origin: str, view: str
) -> None:
    page = watched.page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{origin}/?view={view}")
    expect(page.locator("#library .why")).to_have_text([_QUEUED, _STOPPED, _WAITING])
    expect(page.locator("#library time:visible").first).to_have_text("20 min. ago")
    assert watched.accessibility_findings() == []


@pytest.mark.parametrize(
    ("number", "what", "valid"), [(0, _WAITING, True), (1, _STOPPED, True), (2, _QUEUED, False)]
)
def test_the_details_say_what_a_pending_video_waits_for(
    watched: WatchedPage, origin: str, number: int, what: str, *, valid: bool
) -> None:
    watched.page.goto(f"{origin}/#/videos/{id_of(number)}")
    details = watched.page.get_by_role("dialog")
    expect(details.locator(".why")).to_have_text(what)
    step = details.locator(".timeline li").last
    expect(step.locator("strong")).to_have_text(what)
    expect(step.get_by_text("expected by")).to_have_count(int(valid))


def test_an_upload_stops_while_the_page_is_open(watched: WatchedPage, origin: str) -> None:
    page = watched.page
    page.clock.install()
    page.goto(origin)
    card = page.locator(f"[data-video='{id_of(0)}']")
    expect(card).to_contain_text(_WAITING)
    page.clock.fast_forward("06:00")
    expect(card).to_contain_text(_STOPPED)
