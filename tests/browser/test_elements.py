"""The custom elements in an app of another origin: a closed stack, a backend, a strict policy."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.boxes import widen
from tests.browsers import WatchedPage
from tests.clips import Clips
from tests.embedding import App, closed_stack, page_with, served
from tests.page import DONE_MS, await_kept
from tests.running_stack import RunningStack

pytestmark = pytest.mark.long

_HEAR = """
window.heard = [];
for (const name of ["progress", "uploaded", "done", "failed", "select", "deleted", "denied"])
  addEventListener(`clipo-${name}`, ({type, detail}) => heard.push([type, detail]));
"""
_WIDTH = """async (src) => {
  const image = Object.assign(new Image(), {src});
  await image.decode();
  return image.naturalWidth;
}"""
_LARGE = 101 << 20
"""Just too large for one request."""


@pytest.fixture(scope="module")
def site() -> Iterator[App]:
    app = App()
    with served(app):
        yield app


@pytest.fixture(scope="module")
def stack(site: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with closed_stack(site, tmp_path_factory.mktemp("elements")) as stack:
        yield stack


@pytest.fixture
def app(site: App) -> App:
    site.user, site.lifetime, site.asked, site.status = "anna", timedelta(minutes=5), 0, 200
    site.broken.clear()
    site.claims.clear()
    return site


def opened(app: App, stack: RunningStack, watched: WatchedPage, body: str) -> Page:
    app.html = page_with(stack, body)
    watched.page.add_init_script(_HEAR)
    watched.page.goto(app.origin)
    return watched.page


def await_event(page: Page, name: str, at: int = 0) -> dict[str, Any]:
    """Wait for an event, and return its detail."""
    deadline = time.monotonic() + DONE_MS / 1000
    while True:
        heard = [detail for one, detail in page.evaluate("heard") if one == f"clipo-{name}"]
        if len(heard) > at:
            found: dict[str, Any] = heard[at]
            return found
        assert time.monotonic() < deadline, page.evaluate("heard")
        page.wait_for_timeout(50)


def parts(watched: WatchedPage) -> list[int]:
    sent = [url for url in watched.calls if url.startswith("PUT ") and "partNumber=" in url]
    return [int(url.partition("partNumber=")[2].partition("&")[0]) for url in sent]


@contextmanager
def held(page: Page, part: int) -> Iterator[Event]:
    """Leave the request for a part without an answer; the event tells that it was sent."""
    reached, pattern = Event(), f"**/*partNumber={part}&*"

    def hold(_: Route) -> None:
        reached.set()

    page.route(pattern, hold)
    yield reached
    page.unroute(pattern, hold)


def await_reached(page: Page, reached: Event) -> None:
    deadline = time.monotonic() + DONE_MS / 1000
    while not reached.is_set():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_a_video_is_uploaded_listed_selected_and_deleted_by_keyboard(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips, node_modules: Path
) -> None:
    assert node_modules
    # Without a listener so early, Chromium may open its own file chooser before the test waits.
    watched.page.on("filechooser", lambda _: None)
    app.broken.add(1)
    watched.expect_complaint("401")  # after it the elements ask for another token
    page = opened(
        app,
        stack,
        watched,
        '<clipo-upload endpoint="/api/clipo" multiple passthrough="order-7"></clipo-upload>'
        '<clipo-grid endpoint="/api/clipo"></clipo-grid>',
    )
    expect(page.get_by_text("No videos yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    assert chosen.value.is_multiple()
    chosen.value.set_files(clips["tiny.mp4"])
    video_id = await_event(page, "uploaded")["videoId"]
    done = await_event(page, "done")
    assert (done["videoId"], done["video"]["passthrough"]) == (video_id, "order-7")
    assert await_event(page, "progress")["name"] == "tiny.mp4"
    card = page.locator("clipo-grid .card")
    expect(card.locator("[data-status=done]")).to_be_visible()
    expect(card.locator("img")).to_have_js_property("complete", value=True)
    assert card.locator("img").evaluate("(image) => image.naturalWidth") > 0
    assert watched.accessibility_findings() == []
    watched.screenshot("elements", width=1000, height=700)
    watched.screenshot("elements", width=320, height=700, dark=True)
    expect(page.locator("clipo-upload .upload")).to_have_count(0, timeout=DONE_MS)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert await_event(page, "select")["videoId"] == video_id
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert await_event(page, "deleted")["videoId"] == video_id
    expect(page.get_by_text("No videos yet.")).to_be_focused()
    assert stack.client.get(f"/videos/{video_id}").status_code == 404


_SHOWN_MS = 5000
"""How long the row of a done video stays above a grid."""


def test_a_done_video_moves_to_its_grid_and_a_failed_one_stays(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    upload = '<clipo-upload endpoint="/api/clipo" multiple></clipo-upload>'
    grid = '<clipo-grid endpoint="/api/clipo"></clipo-grid>'
    page = opened(app, stack, watched, upload + grid)
    expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    rows = page.locator("clipo-upload .upload")
    done, failed = (rows.filter(has=page.locator(f".{one}")) for one in ("done", "failed"))
    watched.drop("clipo-upload", clips["audio-only.mp4"])
    expect(failed).to_be_visible(timeout=DONE_MS)
    watched.drop("clipo-upload", clips["tiny.mp4"])
    expect(done).to_be_visible(timeout=DONE_MS)
    done.get_by_role("button").focus()
    expect(done).to_have_count(0, timeout=DONE_MS)
    expect(failed.get_by_role("button")).to_be_focused()
    failed.get_by_role("button").click()
    expect(rows).to_have_count(0)
    expect(page.get_by_role("button", name="Choose videos")).to_be_focused()


def test_a_done_video_stays_without_a_grid_of_its_own(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    watched.expect_complaint("401")
    other = '<clipo-upload endpoint="/api/clipo"></clipo-upload><clipo-grid></clipo-grid>'
    page = opened(app, stack, watched, other)
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    watched.drop("clipo-upload", clips["tiny.mp4"])
    done = page.locator("clipo-upload .upload .done")
    expect(done).to_be_visible(timeout=DONE_MS)
    page.wait_for_timeout(_SHOWN_MS + 1000)
    expect(done).to_be_visible()


def test_elements_have_a_gap_between_them(
    app: App, stack: RunningStack, watched: WatchedPage
) -> None:
    body = (
        '<clipo-upload endpoint="/api/clipo"></clipo-upload>'
        '<clipo-grid endpoint="/api/clipo"></clipo-grid>'
    )
    page = opened(app, stack, watched, body)
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    upload, grid = (
        page.locator(name).evaluate("(one) => one.getBoundingClientRect().toJSON()")
        for name in ("clipo-upload", "clipo-grid")
    )
    assert grid["top"] - upload["bottom"] == 20


def test_a_large_file_is_paused_resumed_after_a_reload_and_survives_an_outage(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips, tmp_path: Path
) -> None:
    watched.expect_complaint("ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    large, content = tmp_path / "large.mp4", clips["tiny.mp4"].read_bytes()
    widen(content, _LARGE - len(content), large)
    page = opened(app, stack, watched, '<clipo-upload endpoint="/api/clipo"></clipo-upload>')
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    row = page.locator("clipo-upload .upload")
    with held(page, 3) as reached:
        watched.drop("clipo-upload", large)
        await_reached(page, reached)
        page.get_by_role("button", name="Pause large.mp4").click()
        expect(row).to_contain_text("paused")
    await_kept(page, f"clipo-uploads {stack.api}")
    page.reload()
    expect(row).to_contain_text("interrupted")
    with held(page, 6) as reached:
        page.get_by_role("button", name="Resume large.mp4").click()
        await_reached(page, reached)
        with watched.offline():
            expect(row).to_contain_text("waiting for the network")
    video_id = await_event(page, "done")["videoId"]
    sent = Counter(parts(watched))
    assert sorted(sent) == [*range(1, 14)]
    # A request that was held during the outage may also go on after it.
    assert {part for part, times in sent.items() if times > 1} in ({3}, {3, 6})
    assert stack.client.get(f"/videos/{video_id}").json()["size"] == _LARGE


def test_refused_files_have_a_code_and_a_sentence(
    app: App, stack: RunningStack, watched: WatchedPage, tmp_path: Path
) -> None:
    watched.expect_complaint("400")
    (text := tmp_path / "notes.txt").write_text("text")
    (empty := tmp_path / "empty.mp4").touch()
    page = opened(
        app, stack, watched, '<clipo-upload endpoint="/api/clipo" multiple></clipo-upload>'
    )
    expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    watched.drop("clipo-upload", empty, text)
    assert await_event(page, "failed")["code"] == "empty_file"
    refused = await_event(page, "failed", 1)
    assert (refused["name"], refused["code"]) == ("notes.txt", "unsupported_extension")
    row = page.locator("clipo-upload .upload")
    expect(row.locator(".error")).to_have_text(refused["message"])
    expect(row).to_contain_text("Not uploaded")
    assert watched.accessibility_findings() == []
    assert row.get_by_role("button").count() == 1, "no retry helps"
    row.get_by_role("button").click()
    expect(row).to_have_count(0)


def test_a_log_out_ends_and_forgets_all_uploads(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips, tmp_path: Path
) -> None:
    watched.expect_complaint("ERR_FAILED|ERR_ABORTED")
    large, content = tmp_path / "left.mp4", clips["tiny.mp4"].read_bytes()
    widen(content, _LARGE - len(content), large)
    body = '<clipo-upload endpoint="/api/clipo"></clipo-upload>'
    page = opened(app, stack, watched, body)
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    with held(page, 2) as reached:
        watched.drop("clipo-upload", large)
        await_reached(page, reached)
        video_id = await_event(page, "progress", 1)["videoId"]
        page.locator("clipo-upload").evaluate("(upload) => upload.cancelAll()")
    assert stack.client.get(f"/videos/{video_id}").status_code == 404
    expect(page.locator("clipo-upload .upload")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    page.wait_for_timeout(500)  # as long as it takes to read what was stored
    expect(page.locator("clipo-upload .upload")).to_have_count(0)


def test_a_player_asks_for_videos_only(app: App, stack: RunningStack, watched: WatchedPage) -> None:
    body = '<clipo-player endpoint="/api/clipo" video-id="../keys?"></clipo-player>'
    page = opened(app, stack, watched, body)
    expect(page.locator("clipo-player .quiet")).to_be_visible()
    assert not [call for call in watched.calls if "keys" in call]


def test_a_file_is_not_uploaded_for_the_next_user(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    app.lifetime = timedelta(hours=-1)  # so that each request asks for another token
    with watched.page.expect_response("**/api/clipo/token") as first:
        page = opened(app, stack, watched, '<clipo-upload endpoint="/api/clipo"></clipo-upload>')
    first.value.finished()
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    app.user = "ben"
    watched.drop("clipo-upload", clips["tiny.mp4"])
    expect(page.locator("clipo-upload .upload")).to_contain_text("session has ended")
    assert await_event(page, "failed")["code"] == "unauthenticated"
    assert f"POST {stack.api}/videos" not in watched.calls


_PLAYER = '<clipo-player endpoint="/api/clipo" video-id="507f1f77bcf86cd799439011"></clipo-player>'
_ALL = (
    f'<clipo-upload endpoint="/api/clipo"></clipo-upload>{_PLAYER}'
    '<clipo-grid endpoint="/api/clipo"></clipo-grid>'
)
_FORBIDDEN = {
    "en": [
        "You may not upload here.",
        "You may not see this video.",
        "You may not see these videos.",
    ],
    "de": [
        "Sie dürfen hier nichts hochladen.",
        "Sie dürfen dieses Video nicht sehen.",
        "Sie dürfen diese Videos nicht sehen.",
    ],
    "es": [
        "Aquí no puedes subir nada.",
        "No puedes ver este vídeo.",
        "No puedes ver estos vídeos.",
    ],
}
_ENDED = {
    "en": "Your session has ended. Log in again.",
    "de": "Ihre Sitzung ist beendet. Melden Sie sich wieder an.",
    "es": "Tu sesión ha terminado. Vuelve a iniciarla.",
}


def denials(page: Page) -> list[dict[str, str]]:
    return [detail for name, detail in page.evaluate("heard") if name == "clipo-denied"]


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_a_missing_session_differs_from_a_missing_right(
    app: App, stack: RunningStack, watched: WatchedPage, language: str
) -> None:
    watched.expect_complaint("401|403")
    app.status = 403
    page = opened(app, stack, watched, _ALL)
    app.html = app.html.replace('lang="en"', f'lang="{language}"')
    page.reload()
    expect(page.get_by_role("alert")).to_have_text(_FORBIDDEN[language])
    page.wait_for_timeout(2500)  # in which the elements ask again
    heard = sorted(denials(page), key=lambda detail: detail["message"])
    assert heard == [
        {"code": "forbidden", "message": message} for message in sorted(_FORBIDDEN[language])
    ]
    assert watched.accessibility_findings() == []
    app.status = 401
    page.reload()
    expect(page.get_by_role("alert")).to_have_text([_ENDED[language]] * 3)
    assert denials(page) == [{"code": "unauthenticated", "message": _ENDED[language]}] * 3


def test_the_elements_return_with_the_session(
    app: App, stack: RunningStack, watched: WatchedPage
) -> None:
    watched.expect_complaint("401|403|404")
    app.status = 401
    page = opened(app, stack, watched, _ALL)
    expect(page.get_by_role("alert")).to_have_count(3)
    app.status = 200
    expect(page.get_by_role("alert")).to_have_count(0)
    app.lifetime = timedelta(hours=-1)
    expect(page.get_by_text("There is no such video")).to_be_visible()


def test_a_player_of_another_video_than_the_tokens_says_so(
    app: App, stack: RunningStack, watched: WatchedPage
) -> None:
    watched.expect_complaint("403")
    app.claims["vid"] = "507f1f77bcf86cd799439012"
    page = opened(app, stack, watched, _PLAYER)
    expect(page.get_by_role("alert")).to_have_text("You may not see this video.")
    assert [detail["code"] for detail in denials(page)] == ["forbidden"]


def test_a_private_video_is_not_for_everyone(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    watched.expect_complaint("401")
    video_id = stack.upload_signed(clips["tiny.mp4"])
    page = opened(app, stack, watched, f'<clipo-player video-id="{video_id}"></clipo-player>')
    expect(page.get_by_role("alert")).to_have_text("You may not see this video.")
    assert [detail["code"] for detail in denials(page)] == ["forbidden"]


def test_a_page_hears_that_the_right_to_upload_has_gone(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    watched.expect_complaint("403")
    app.lifetime = timedelta(hours=-1)  # so that each request asks for another token
    body = '<clipo-upload endpoint="/api/clipo"></clipo-upload>'
    page = opened(app, stack, watched, body)
    expect(page.get_by_role("button", name="Choose a video")).to_be_visible()
    app.claims["scope"] = "read"
    watched.drop("clipo-upload", clips["tiny.mp4"])
    assert await_event(page, "failed")["code"] == "forbidden"
    assert await_event(page, "denied")["code"] == "forbidden"
    row = page.locator("clipo-upload .upload")
    expect(row.locator(".error")).to_have_text("You may not do this.")


def test_a_page_hears_that_the_session_of_its_grid_has_ended(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    watched.expect_complaint("401")
    stack.upload_signed(clips["tiny.mp4"])
    app.lifetime = timedelta(hours=-1)
    page = opened(app, stack, watched, '<clipo-grid endpoint="/api/clipo"></clipo-grid>')
    expect(page.locator("clipo-grid .card").first).to_be_visible()
    app.status = 401
    assert await_event(page, "denied")["code"] == "unauthenticated"
    expect(page.locator("clipo-grid .card").first).to_be_visible()


def test_the_player_plays_scrubs_and_explains(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    good, bad = (stack.upload_signed(clips[name]) for name in ("film.mp4", "sorenson.flv"))
    assert stack.finished(good)["status"] == stack.finished(bad)["status"] == "done"
    page = opened(
        app,
        stack,
        watched,
        f'<clipo-player endpoint="/api/clipo" video-id="{good}"></clipo-player>',
    )
    video = page.locator("clipo-player video")
    moments = page.locator("clipo-player .moments")
    expect(moments).to_be_attached()
    video.hover()
    expect(moments).to_be_visible(timeout=DONE_MS)
    moments.click(position={"x": 200, "y": 8})
    expect(page.locator("clipo-player .tile")).to_be_visible()
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    assert video.evaluate("(video) => video.currentTime") > 1
    assert "token" not in video.evaluate("(video) => video.currentSrc")
    assert page.evaluate(_WIDTH, video.get_attribute("poster")) == 640
    assert watched.accessibility_findings() == []
    page.locator("clipo-player").evaluate("(player, id) => { player.videoId = id; }", bad)
    expect(page.locator("clipo-player .note")).to_contain_text("No browser")
    expect(page.locator("clipo-player .poster")).not_to_have_js_property("naturalWidth", 0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "sorenson.flv"


def test_a_public_video_plays_without_a_backend(
    app: App, stack: RunningStack, watched: WatchedPage, clips: Clips
) -> None:
    watched.expect_complaint("401")  # no credential: the element then shows what everyone gets
    video_id = stack.upload_signed(clips["tiny.mp4"])
    stack.finished(video_id)
    stack.client.patch(f"/videos/{video_id}", json={"visibility": "public"})
    page = opened(app, stack, watched, f'<clipo-player video-id="{video_id}"></clipo-player>')
    video = page.locator("clipo-player video")
    expect(video).to_have_js_property("readyState", 4, timeout=DONE_MS)
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    assert app.asked == 0
