"""What the other tests of pages rely on: nothing that a page does goes unseen."""

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


@pytest.fixture
def bad(browser: Browser, tmp_path: Path) -> Iterator[WatchedPage]:
    """A page that does all that a page should not do."""
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
        yield page


def test_what_the_policy_forbids_is_a_complaint(bad: WatchedPage) -> None:
    assert any("CSP: script-src-elem forbids inline" in one for one in bad.unexpected)
    assert any("CSP: img-src forbids http://127.0.0.1:9" in one for one in bad.unexpected)


def test_a_complaint_that_is_expected_is_none(bad: WatchedPage) -> None:
    bad.expect_complaint(".")
    assert bad.complaints
    assert bad.unexpected == []


def test_a_shift_and_a_script_are_measured(bad: WatchedPage) -> None:
    figures = bad.figures()
    assert figures.layout_shift > 0
    assert figures.script_bytes == len(_PICTURE_LATER)
    assert figures.first_paint_ms


@pytest.mark.usefixtures("node_modules")
def test_what_a_screen_reader_cannot_tell_is_found(bad: WatchedPage) -> None:
    assert [finding for finding in bad.accessibility_findings() if finding.startswith("image-alt")]


def test_a_page_that_is_offline_knows_it(bad: WatchedPage) -> None:
    with bad.offline():
        assert bad.page.evaluate("navigator.onLine") is False
    assert bad.page.evaluate("navigator.onLine") is True


def test_a_picture_of_it_is_kept(bad: WatchedPage) -> None:
    path = bad.screenshot("watching", width=360, height=640, dark=True)
    assert path.read_bytes().startswith(b"\x89PNG")
