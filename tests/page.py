"""Actions and expectations of the tests of Clipo's page."""

import time

from playwright.sync_api import Locator, Page, expect

from tests.browsers import WatchedPage

DROP = ".uppy-Dashboard-inner"
DONE_MS = 40_000

_KEPT = """
async () => {
  const opened = indexedDB.open("uppy-blobs");
  const database = await new Promise((resolve) => {
    opened.onsuccess = () => resolve(opened.result);
  });
  const all = (name) => new Promise((resolve) => {
    const request = database.transaction(name).objectStore(name).getAll();
    request.onsuccess = () => resolve(request.result);
  });
  const [files, notes] = [await all("files"), JSON.stringify(await all("metadata"))];
  database.close();
  return files.length > 0 && notes.includes("uploadId");
}
"""


def card(page: WatchedPage, name: str) -> Locator:
    """Return the card of the newest video with a name."""
    return page.page.locator(".card").filter(has_text=name).first


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


def await_kept(page: Page) -> None:
    """Wait until the browser has stored a multipart upload and its file."""
    deadline = time.monotonic() + 30
    while not page.evaluate(_KEPT):
        assert time.monotonic() < deadline, "the browser does not keep it"
        page.wait_for_timeout(50)


def part_numbers(page: WatchedPage) -> list[int]:
    """Return the numbers of the parts in the order in which they were sent."""
    found = (url.partition("partNumber=")[2] for url in page.requests)
    return [int(number.partition("&")[0]) for number in found if number]
