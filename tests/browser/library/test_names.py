"""Long names in the list and in the tray: they keep their end, where names of a series differ."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browsers import WatchedPage
from tests.examples import OPEN, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.page import DROP, id_of, row
from tests.served_api import served
from tests.slow_storage import slow_storage

_INTERVIEW = "interview with the harbour master, second camera, before the rain, take 3.mp4"
_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
_HEBREW = "ראיון עם מנהל הנמל לפני הגשם, מצלמה שנייה, צילום חוזר מספר שלוש, הגרסה הסופית.mp4"

_SHOWN = """
(name) => {
  const box = name.getBoundingClientRect();
  const isShown = (line) => {
    const {top, bottom} = line.getBoundingClientRect();
    return Math.abs(top - box.top) < 1 && Math.abs(bottom - box.bottom) < 1;
  };
  const isHidden = (line) => {
    const {top, bottom} = line.getBoundingClientRect();
    return bottom < box.top + 1 || top > box.bottom - 1;
  };
  const [whole, cut] = name.querySelector(".lines").children;
  if (isShown(whole) && isHidden(cut)) return whole.textContent;
  const fits = cut.scrollWidth <= cut.clientWidth;
  return isShown(cut) && isHidden(whole) && fits ? "…" + cut.dataset.end : "neither";
}
"""
_COPIED = "(name) => (getSelection().selectAllChildren(name), getSelection().toString().trim())"


def shown(name: Locator) -> str:
    """Return the name if it is shown as a whole, otherwise its end behind an ellipsis."""
    return str(name.evaluate(_SHOWN))


@pytest.fixture
def records() -> FakeCatalog:
    names = "take 2.mp4", _INTERVIEW, f"{_FAMILY * 40}.mp4", _HEBREW
    videos = [
        replace(done_video(), id=id_of(at), filename=name, thumbnail=None)
        for at, name in enumerate(names)
    ]
    records = FakeCatalog()
    records.videos.update({one.id: one for one in videos})
    return records


@pytest.fixture
def origin(records: FakeCatalog) -> Iterator[str]:
    with (
        slow_storage() as storage,
        served(records, FakeApiKeys(), OPEN, storage) as port,
    ):
        storage.treatment.share = 0.4
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("view", ["grid", "table"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_long_name_keeps_its_end_in_the_list(
    watched: WatchedPage, origin: str, view: str, direction: str
) -> None:
    page = watched.page
    for width in (320, 500):
        page.set_viewport_size({"width": width, "height": 740})
        page.goto(f"{origin}/?view={view}")
        names = page.locator("#library .name")
        expect(names).to_have_count(4)
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        ends = [shown(name) for name in names.all()]
        assert ends == [f"…{_HEBREW[-10:]}", f"…{_FAMILY * 6}.mp4", "…take 3.mp4", "take 2.mp4"]
        assert names.nth(0).evaluate("(name) => getComputedStyle(name).direction") == "rtl"
        watched.screenshot(f"names-{view}-{direction}", width=width, height=740)


def test_a_browser_without_a_segmenter_shows_names(watched: WatchedPage, origin: str) -> None:
    page = watched.page
    page.add_init_script("delete Intl.Segmenter")
    page.goto(origin)
    names = page.locator("#library .name")
    expect(names).to_have_count(4)
    assert shown(names.nth(2)) == "…take 3.mp4"
    # Without it, the last ten code points begin inside an emoji.
    assert shown(names.nth(1)) == f"…{(_FAMILY * 2)[-6:]}.mp4"


def test_a_name_is_read_and_copied_as_a_whole(watched: WatchedPage, origin: str) -> None:
    page = watched.page
    page.goto(origin)
    name = page.locator("#library .name").nth(2)
    expect(name).to_have_text(_INTERVIEW)
    assert shown(name) != _INTERVIEW
    assert name.evaluate(_COPIED) == _INTERVIEW
    link = page.locator(f"[data-video='{id_of(1)}']")
    expect(link).to_have_accessible_name(re.compile(f"{re.escape(_INTERVIEW)} done"))


def test_a_long_name_keeps_its_end_in_the_tray(
    watched: WatchedPage, origin: str, tmp_path: Path
) -> None:
    file = tmp_path / _INTERVIEW
    file.write_bytes(bytes(40_000_000))
    watched.page.goto(origin)
    expect(watched.page.locator("#library .name")).to_have_count(4)
    watched.drop(DROP, file)
    name = row(watched, _INTERVIEW).locator(".name")
    expect(name).to_be_visible()
    assert shown(name) == "…take 3.mp4"


def test_the_question_before_a_delete_shows_the_whole_name(
    watched: WatchedPage, origin: str
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 320, "height": 740})
    page.goto(f"{origin}/#/videos/{id_of(1)}")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    name = page.locator("dialog.question").get_by_role("listitem")
    expect(name).to_have_text(_INTERVIEW)
    lines = name.evaluate(
        "(name) => name.clientHeight / parseFloat(getComputedStyle(name).lineHeight)"
    )
    assert lines >= 2
    assert name.evaluate("(name) => name.scrollWidth <= name.clientWidth")
