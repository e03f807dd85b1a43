"""The pictures of the page: thumbnails that the browser keeps, and tiles under the pointer."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Position, Route, expect

from functions.adapters.storage import StoredPicture
from functions.core.media import VideoStream
from functions.core.storyboard import plan_storyboard
from functions.core.video import Video
from tests.browsers import WatchedPage, opened
from tests.clips import Clips, ffmpeg
from tests.examples import OPEN, done_video, media, thumbnail
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.page import DONE_MS, DROP, card, expect_ready
from tests.running_stack import RunningStack
from tests.served_api import served

_MANY = 500
_SHEET = '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="450"/>'
_ALL_LOADED = """
async (count) => {
  const images = () => [...document.querySelectorAll("#library img")];
  while (images().length < count) await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all(images().map((image) => image.decode()));
}
"""


@dataclass
class CountingStorage(FakeStorage):
    """Storage that counts how often the API reads a picture, once per request for it."""

    reads: int = field(default=0)

    def read_picture(self, key: str) -> StoredPicture:
        self.reads += 1
        return super().read_picture(key)


@pytest.fixture
def records() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def objects() -> CountingStorage:
    return CountingStorage()


@pytest.fixture
def origin(records: FakeCatalog, objects: CountingStorage) -> Iterator[str]:
    with served(records, FakeApiKeys(), OPEN, objects) as port:
        yield f"http://127.0.0.1:{port}"


def add(records: FakeCatalog, number: int, **changes: object) -> Video:
    one = replace(done_video(), id=f"{number:024x}", filename=f"clip-{number}.mp4", **changes)  # type: ignore[arg-type]
    records.videos[one.id] = one
    return one


def see_all(page: Page, origin: str) -> None:
    """Open the list in a window so tall that the page draws and loads everything."""
    page.set_viewport_size({"width": 1280, "height": 30_000})
    page.goto(f"{origin}/?view=table")
    page.evaluate(_ALL_LOADED, _MANY)


@pytest.mark.long
def test_a_list_that_is_opened_again_requests_no_picture(
    browser: Browser,
    origin: str,
    records: FakeCatalog,
    objects: CountingStorage,
    tmp_path: Path,
) -> None:
    jpeg = tmp_path / "one.jpg"
    ffmpeg("-f", "lavfi", "-i", "color=teal:size=320x180", "-frames:v", "1", str(jpeg))
    objects.thumbnails[thumbnail().key] = jpeg.read_bytes()
    for number in range(_MANY):
        add(records, number)
    # So tall a window is painted with few pixels.
    with opened(browser, device_scale_factor=0.1) as watched:
        see_all(watched.page, origin)
        assert objects.reads == _MANY
        # A tab of its own, so that only the browser's cache can have them.
        see_all(watched.page.context.new_page(), origin)
    assert objects.reads == _MANY


def test_the_pointer_on_a_card_shows_the_tile_of_the_moment(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    video = add(records, 1)
    sheet = {"body": _SHEET, "content_type": "image/svg+xml"}
    for address in ("**/thumbnail*", "**/storyboard.jpg*"):
        watched.page.route(address, lambda route: route.fulfill(**sheet))
    assert video.media
    assert video.media.duration_s
    plan = plan_storyboard(video.media.duration_s, video.media.width, video.media.height)
    cues = list(plan.cues)
    watched.page.goto(origin)
    box = watched.page.locator(".card .picture").bounding_box()
    assert box
    tile = watched.page.locator(".card .tile")
    for share in (0.01, 0.5, 0.99):
        watched.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        cue = cues[int(share * len(cues))]
        expect(tile).to_have_css("background-position", f"{-cue.x}px {-cue.y}px")
    expect(tile).to_have_css("width", f"{plan.tile_width}px")
    shown = tile.bounding_box()
    assert shown
    assert shown["width"] == pytest.approx(box["width"], abs=2)
    watched.page.mouse.move(0, 0)
    expect(tile).to_have_count(0)


def test_the_details_say_which_browsers_play_the_video(
    watched: WatchedPage, origin: str, records: FakeCatalog
) -> None:
    [picture, *others] = media().streams
    assert isinstance(picture, VideoStream)
    plain = replace(media(), streams=(replace(picture, hdr=None), *others))
    ids = [add(records, at, media=one).id for at, one in enumerate((plain, media()))]
    watched.expect_complaint("404")
    watched.page.goto(origin)
    details = watched.page.get_by_role("dialog")
    for video_id, notes in zip(ids, (0, 1), strict=True):
        watched.page.goto(f"{origin}/#/videos/{video_id}")
        expect(details).to_contain_text(video_id)
        expect(details.locator(".note")).to_have_count(notes)
        expect(details.get_by_role("button", name="Play")).to_be_visible()


def test_files_that_hover_are_taken_anywhere_also_above_the_details(
    watched: WatchedPage, origin: str, records: FakeCatalog, tmp_path: Path
) -> None:
    watched.expect_complaint("404")
    video = add(records, 1)
    files = tmp_path / "text.txt", tmp_path / "empty.mp4"
    for file in files:
        file.touch()
    overlay = watched.page.locator(".drop-overlay")
    watched.page.goto(origin)
    expect_ready(watched)
    for place, file in zip((DROP, "dialog"), files, strict=True):
        with watched.dragged(place, file):
            expect(overlay).to_be_visible()
            assert overlay.evaluate("(overlay) => overlay.matches(':popover-open')")
            watched.screenshot("drop", width=1280, height=800)
        expect(overlay).to_have_count(0)
        watched.page.goto(f"{origin}/#/videos/{video.id}")
        expect(watched.page.get_by_role("dialog")).to_be_visible()
    expect(watched.page.locator(".refusal")).to_have_count(2)


def test_the_player_shows_the_moment_under_the_pointer_and_goes_there(
    watched: WatchedPage, stack: RunningStack, clips: Clips
) -> None:
    video_id = stack.upload_signed(clips["no-sound.mp4"], "scrubbed.mp4")
    length: float = stack.finished(video_id)["media"]["duration_s"]
    watched.page.goto(stack.api)
    card(watched, "scrubbed.mp4").locator("a").click()
    large = watched.page.locator("dialog img.large")
    expect(large).to_be_visible(timeout=DONE_MS)
    assert large.evaluate("(image) => image.naturalWidth") == 640
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    watched.page.route("**/storyboard.jpg*", hold)
    with watched.page.expect_request("**/storyboard.jpg*"):
        watched.page.get_by_role("button", name="Play").click()
    strip = watched.page.locator(".moments")
    expect(strip).to_have_attribute("hidden", "")
    held[0].continue_()
    expect(strip).not_to_have_attribute("hidden", "", timeout=DONE_MS)
    video = watched.page.locator("dialog video")
    video.evaluate("(video) => video.pause()")
    box = strip.bounding_box()
    assert box
    at = Position(x=0.75 * box["width"], y=box["height"] / 2)
    strip.hover(position=at)
    tile = strip.locator(".tile")
    expect(tile).to_be_visible()
    expect(tile).to_have_css("background-position", "-1120px 0px")
    watched.screenshot("player", width=1280, height=800)
    # The film plays on from there, so only the moment of the jump can be exact.
    video.evaluate(
        "(video) => video.addEventListener("
        "'seeking', () => { video.soughtTo ??= video.currentTime; })"
    )
    strip.click(position=at)
    watched.page.wait_for_function(
        "() => document.querySelector('dialog video').soughtTo !== undefined"
    )
    assert video.evaluate("(video) => video.soughtTo") == pytest.approx(0.75 * length, abs=0.02)
    expect(video).to_have_js_property("paused", value=False)


def test_a_moment_that_is_chosen_before_the_film_has_an_address_is_kept(
    watched: WatchedPage, stack: RunningStack, clips: Clips
) -> None:
    video_id = stack.upload_signed(clips["no-sound.mp4"], "early.mp4")
    length: float = stack.finished(video_id)["media"]["duration_s"]
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    watched.page.route("**/source?redirect=*", hold)
    watched.page.goto(f"{stack.api}/#/videos/{video_id}")
    with watched.page.expect_request("**/source?redirect=*"):
        watched.page.get_by_role("button", name="Play").click()
    strip = watched.page.locator(".moments")
    expect(strip).to_be_visible(timeout=DONE_MS)
    box = strip.bounding_box()
    assert box
    strip.click(position=Position(x=0.75 * box["width"], y=box["height"] / 2))
    video = watched.page.locator("dialog video")
    video.evaluate("(video) => { video.autoplay = false; }")
    held[0].continue_()
    expect(video).not_to_have_js_property("readyState", 0, timeout=DONE_MS)
    assert video.evaluate("(video) => video.currentTime") >= 0.74 * length
