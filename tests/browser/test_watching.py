"""The watcher that the other browser tests use sees every fault of a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import WatchedPage, opened, site

pytestmark = pytest.mark.long

_STRICT = "default-src 'self'"
_PICTURE_LATER = """
setTimeout(() => {
  document.querySelector("p").before(Object.assign(new Image(200, 200), {src: "none.svg"}));
  document.title = "shifted";
}, 300);
"""
_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def bad(browser: Browser, tmp_path: Path) -> Iterator[WatchedPage]:
    """A page with all faults that the watcher looks for."""
    (tmp_path / "late.js").write_text(_PICTURE_LATER)
    (tmp_path / "index.html").write_text(
        f"""<!doctype html><html lang="en"><title>Bad</title>
        <meta http-equiv="Content-Security-Policy" content="{_STRICT}">
        <script>document.title = "ran"</script><img src="http://127.0.0.1:9/other.png">
        <p>Text</p><script src="late.js"></script>"""
    )
    with site(tmp_path) as origin, opened(browser) as page:
        page.page.goto(origin)
        expect(page.page).to_have_title("shifted")
        page.page.evaluate(_DRAWN)
        yield page


def test_a_violation_of_the_policy_is_a_complaint(bad: WatchedPage) -> None:
    assert any("CSP: script-src-elem forbids inline" in one for one in bad.unexpected)
    assert any("CSP: img-src forbids http://127.0.0.1:9" in one for one in bad.unexpected)


def test_an_expected_complaint_is_ignored(bad: WatchedPage) -> None:
    bad.expect_complaint(".")
    assert bad.complaints
    assert bad.unexpected == []


def test_layout_shifts_and_scripts_are_measured(bad: WatchedPage) -> None:
    figures = bad.figures()
    assert figures.layout_shift > 0
    assert figures.script_bytes == len(_PICTURE_LATER)
    assert figures.first_paint_ms


@pytest.mark.usefixtures("node_modules")
def test_accessibility_faults_are_found(bad: WatchedPage) -> None:
    assert [finding for finding in bad.accessibility_findings() if finding.startswith("image-alt")]


def test_offline_cuts_the_page_off(bad: WatchedPage) -> None:
    with bad.offline():
        assert bad.page.evaluate("navigator.onLine") is False
    assert bad.page.evaluate("navigator.onLine") is True


def test_a_screenshot_is_stored(bad: WatchedPage) -> None:
    path = bad.screenshot("watching", width=360, height=640, dark=True)
    assert path.read_bytes().startswith(b"\x89PNG")
