"""Actions and expectations of the tests of Clipo's page."""

import re
import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from tests.browsers import WatchedPage

DROP = "main"
"""Where the tests drop files: the whole page takes them."""

DONE_MS = 40_000

_KEPT = """
async (name) => {
  const opened = indexedDB.open(name);
  const database = await new Promise((resolve) => {
    opened.onsuccess = () => resolve(opened.result);
  });
  const all = (name) => new Promise((resolve) => {
    const request = database.transaction(name).objectStore(name).getAll();
    request.onsuccess = () => resolve(request.result);
  });
  const [files, notes] = [await all("files"), JSON.stringify(await all("notes"))];
  database.close();
  return files.length > 0 && notes.includes("uploadId");
}
"""


def card(page: WatchedPage, name: str) -> Locator:
    """Return the card of the newest video with a name."""
    return page.page.locator(".card").filter(has_text=name).first


def row(page: WatchedPage, name: str) -> Locator:
    """Return the row of an upload in the tray."""
    return page.page.locator(".upload").filter(has_text=name)


def expect_ready(page: WatchedPage) -> None:
    """Wait until the page shows the list or that it is empty."""
    expect(page.page.locator("[aria-busy=false], .empty").first).to_be_visible()


def close_details(page: WatchedPage) -> None:
    """Close the details, and wait until the browser is back at the list."""
    page.page.keyboard.press("Escape")
    expect(page.page).not_to_have_url(re.compile("#"))


def expect_no_uploads(page: WatchedPage) -> None:
    expect(page.page.locator(".tray")).to_have_count(0, timeout=DONE_MS)


def delete_open_video(page: WatchedPage) -> None:
    """Delete the video whose details are open."""
    details = page.page.get_by_role("dialog")
    details.get_by_role("button", name="Delete…").click()
    page.page.get_by_role("button", name="Delete it", exact=True).click()


def isolated(name: str) -> str:
    """A filename between the characters that isolate its writing direction."""
    return f"\u2068{name}\u2069"


def expect_picture(card: Locator) -> None:
    expect(card.locator("[data-status=done]")).to_be_visible(timeout=DONE_MS)
    card.scroll_into_view_if_needed()
    expect(card.locator("img")).to_have_js_property("complete", value=True)
    assert card.locator("img").evaluate(
        "async (image) => (await image.decode(), image.naturalWidth)"
    )


def await_kept(page: Page, database: str = "clipo-uploads") -> None:
    """Wait until the browser has stored a multipart upload and its file."""
    deadline = time.monotonic() + 30
    while not page.evaluate(_KEPT, database):
        assert time.monotonic() < deadline, "the browser does not keep it"
        page.wait_for_timeout(50)


def part_numbers(page: WatchedPage) -> list[int]:
    """Return the numbers of the parts in the order in which they were sent."""
    found = (url.partition("partNumber=")[2] for url in page.requests)
    return [int(number.partition("&")[0]) for number in found if number]


def id_of(number: int) -> str:
    return f"{number:024x}"


def name_of(number: int) -> str:
    return f"clip-{number:05}.mp4"


def serve_many(page: WatchedPage, origin: str, count: int) -> None:
    """Answer the page's lists with so many videos, faster than a catalog does."""
    listed = page.page.request.get(f"{origin}/videos").json()["data"][0]
    listed["media"]["streams"] = []

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        first, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        end = min(first + limit, count)
        numbers = range(count - 1 - first, count - 1 - end, -1)
        data = [listed | {"id": id_of(one), "filename": name_of(one)} for one in numbers]
        following = str(end) if end < count else None
        route.fulfill(json={"data": data, "next_cursor": following, "has_more": end < count})

    page.page.route("**/videos?*", answer)
