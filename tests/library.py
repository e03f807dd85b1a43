"""A library of many videos, for the tests of the page's list."""

from dataclasses import replace

from playwright.sync_api import Locator

from functions.core.video import Failure, Video
from tests.browsers import WatchedPage
from tests.examples import done_video, failed_video
from tests.fakes.catalog import FakeCatalog
from tests.page import id_of, name_of

_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"/>'


def fill(records: FakeCatalog, count: int) -> None:
    """Add finished videos, of which the one with the highest number is the newest."""
    for number in range(count):
        one = done_video()
        records.videos[id_of(number)] = replace(one, id=id_of(number), filename=name_of(number))


def failed(number: int, *, retryable: bool) -> Video:
    error = Failure("retries_exhausted" if retryable else "not_a_video", "It failed.", retryable)
    return replace(failed_video(id_of(number)), filename=name_of(number), error=error)


def show_pictures(page: WatchedPage) -> None:
    picture = {"body": _PICTURE, "content_type": "image/svg+xml"}
    for address in ("**/thumbnail*", "**/image.jpg*", "**/storyboard.jpg*"):
        page.page.route(address, lambda route: route.fulfill(**picture))


def cards(page: WatchedPage) -> Locator:
    return page.page.locator(".card a")


def pick(page: WatchedPage, number: int, **options: list[str]) -> None:
    box = page.page.get_by_role("checkbox", name=f"Select {name_of(number)}")
    box.click(force=True, **options)  # type: ignore[arg-type]


def fits(page: WatchedPage) -> bool:
    return bool(page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
