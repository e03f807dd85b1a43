"""The page and the elements in WebKit, the engine of Safari: the main way through each."""

from collections.abc import Iterator

import pytest

from tests.clips import Clips
from tests.embedding import App, closed_stack, page_with, served
from tests.running_stack import RunningStack
from tests.webkit import WebKit, find_webkit, webkit

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def driver() -> str:
    found = find_webkit()
    if found is None:
        pytest.skip("no WebKit: install it with sh tests/browser/set_up.sh webkit")
    return found


@pytest.fixture
def window(driver: str) -> Iterator[WebKit]:
    with webkit(driver) as window:
        yield window


def test_a_video_is_uploaded_watched_found_and_deleted(
    window: WebKit, stack: RunningStack, clips: Clips
) -> None:
    window.open(stack.api)
    window.expect("document.querySelector('input[type=file]')")
    window.choose(clips["tiny.mp4"])
    window.expect("document.querySelector('[data-status=done] img')?.naturalWidth > 0")
    video_id = window.run("return document.querySelector('[data-status=done]').dataset.video")
    card = f"document.querySelector('[data-video=\"{video_id}\"]')"

    window.run(f"{card}.focus()")
    window.press("enter")
    window.expect("document.activeElement.matches('dialog h2')")
    window.click("document.querySelector('dialog [aria-label=Play]')")
    window.expect("document.querySelector('dialog video')?.ended")
    window.press("escape")
    window.expect(f"document.activeElement === {card}")

    window.run("document.querySelector('[type=search]').focus()")
    window.press(video_id)
    window.expect(f"location.search === '?search={video_id}' && {card}")
    window.go_back()
    window.expect("!location.search && !document.querySelector('[type=search]').value")

    window.click(card)
    for button in ("dialog .danger", "dialog.question .danger"):
        window.expect(f"document.querySelector('{button}')")
        window.run(f"document.querySelector('{button}').click()")
    window.expect(f"!{card}")
    assert stack.client.get(f"/videos/{video_id}").status_code == 404


def test_the_elements_upload_list_and_play(
    window: WebKit, clips: Clips, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = App()
    with served(app), closed_stack(app, tmp_path_factory.mktemp("webkit")) as stack:
        upload = '<clipo-upload endpoint="/api/clipo"></clipo-upload>'
        app.html = page_with(stack, f'{upload}<clipo-grid endpoint="/api/clipo"></clipo-grid>')
        window.open(app.origin)
        window.expect(f"{_within('clipo-upload')}?.querySelector('input[type=file]')")
        window.choose(clips["tiny.mp4"], element="clipo-upload")
        done = f"{_within('clipo-grid')}?.querySelector('[data-status=done]')"
        window.expect(f"{done}?.closest('.card').querySelector('img')?.naturalWidth > 0")
        [video] = stack.client.get("/videos").json()["data"]
        app.html = page_with(
            stack, f'<clipo-player endpoint="/api/clipo" video-id="{video["id"]}"></clipo-player>'
        )
        window.open(app.origin)
        played = f"{_within('clipo-player')}?.querySelector('video')"
        window.expect(f"{played}?.readyState")
        # Only what is muted may play without a click, and the controls of a video are WebKit's.
        window.run(f"Object.assign({played}, {{muted: true}}).play()")
        window.expect(f"{played}.ended")


def _within(element: str) -> str:
    return f"document.querySelector('{element}')?.shadowRoot"
