"""Pages in the system's Chromium: what is done with them, and what they ask for and complain of."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

_ROOT = Path(__file__).parents[1]
ARTIFACTS = _ROOT / ".artifacts"
"""Folder of the screenshots, for manual inspection."""

NODE_MODULES = _ROOT / "web" / "node_modules"
"""Packages of Clipo's page, and those that tests and documents need, such as axe and players."""

NODE_FOLDER = _ROOT / ".tools" / "node" / "bin"
"""Where web/page.mk puts a Node.js if the machine has none."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_READS = re.compile(r"/videos(\?[^/]*|/\w+)$")
"""The addresses of lists and of single videos."""

_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} forbids ${event.blockedURI || "inline"}`));
"""
_FIGURES = """
async () => {
  const observed = (type) => new Promise((resolve) =>
    new PerformanceObserver((list) => resolve(list.getEntries())).observe({type, buffered: true}));
  const painted = (await observed("paint")).find(({name}) => name === "first-contentful-paint");
  const soon = new Promise((resolve) => setTimeout(resolve, 100, []));
  const shifts = await Promise.race([observed("layout-shift"), soon]);
  const scripts = performance.getEntriesByType("resource")
    .filter(({name}) => new URL(name).pathname.endsWith(".js"));
  return {
    first_paint_ms: painted?.startTime ?? null,
    layout_shift: shifts.filter((one) => !one.hadRecentInput)
      .reduce((sum, {value}) => sum + value, 0),
    script_bytes: scripts.reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0),
  };
}
"""
_AXE = """
async () => (await axe.run()).violations
  .filter(({impact}) => impact === "serious" || impact === "critical")
  .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(({html}) => html).join(" | ")}`)
"""


@dataclass(frozen=True)
class Figures:
    """The performance figures of a page until now."""

    first_paint_ms: float | None
    """First contentful paint; `None` if only a background was painted."""
    layout_shift: float
    """Sum of all layout shifts without recent input."""
    script_bytes: int
    """Bytes of all scripts as sent, compressed or not."""


@dataclass
class WatchedPage:
    """A page that records every request and every complaint.

    The page's policy has no `unsafe-eval`, so `page.wait_for_function` fails. Wait with `expect`
    instead.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """All requests with their method: `GET http://…`."""
    complaints: list[str] = field(default_factory=list)
    """Console errors, policy violations and uncaught exceptions."""
    _expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(_TELL_VIOLATIONS)
        self.page.on("request", self._note)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)
        self.calls.append(f"{request.method} {request.url}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def expect_complaint(self, pattern: str) -> None:
        """Accept complaints that match a pattern."""
        self._expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        return [
            complaint
            for complaint in self.complaints
            if not any(re.search(pattern, complaint) for pattern in self._expected)
        ]

    @property
    def origins(self) -> set[str]:
        """Return the origins that received requests, including the page's own."""
        asked = [urlsplit(url) for url in self.requests]
        return {f"{url.scheme}://{url.netloc}" for url in asked if url.scheme in ("http", "https")}

    @contextmanager
    def holding_reads(self) -> Iterator[None]:
        """Hold the page's reads of videos, so that it shows the answers to its own changes."""
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        self.page.route(_READS, hold)
        try:
            yield
        finally:
            for route in held:
                route.continue_()
            self.page.unroute(_READS, hold)

    def drop(self, selector: str, *files: Path) -> None:
        """Drop files of any size from the desktop onto an element."""
        with self.dragged(selector, *files):
            pass

    @contextmanager
    def dragged(self, selector: str, *files: Path) -> Iterator[None]:
        """Hold files over an element, and drop them at the end of the `with` block."""
        box = self.page.locator(selector).bounding_box()
        assert box, selector
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        # The middle of a tall element may be outside of the window.
        end = (self.page.viewport_size or {"height": 720})["height"] - 1
        middle = min(max(box["y"] + box["height"] / 2, 1), end)
        place = {"x": box["x"] + box["width"] / 2, "y": middle}
        session = self.page.context.new_cdp_session(self.page)

        def send(kind: str) -> None:
            session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})

        send("dragEnter")
        send("dragOver")
        yield
        send("drop")
        session.detach()

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Cut the network: requests in progress fail, and the page gets an `offline` event."""
        self.page.context.set_offline(True)
        try:
            yield
        finally:
            self.page.context.set_offline(False)

    def screenshot(self, name: str, *, width: int, height: int, dark: bool = False) -> Path:
        """Save a screenshot of the page at a size."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        path = ARTIFACTS / f"{name}-{width}-{'dark' if dark else 'light'}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    def accessibility_findings(self) -> list[str]:
        """Return axe's serious and critical findings."""
        # `evaluate` bypasses the page's policy.
        self.page.evaluate((axe_folder() / "axe.min.js").read_text() + "; undefined")
        findings: list[str] = self.page.evaluate(_AXE)
        return findings

    def figures(self) -> Figures:
        """Measure the page's performance."""
        return Figures(**self.page.evaluate(_FIGURES))


def find_chromium() -> Path | None:
    """Return the system's Chromium or Chrome."""
    found = (shutil.which(name) for name in _NAMES)
    return next((Path(path) for path in found if path), None)


def axe_folder() -> Path:
    return NODE_MODULES / "axe-core"


@contextmanager
def chromium(executable: Path) -> Iterator[Browser]:
    """Run a browser with its own profile.

    Playwright runs an event loop in this thread: do not run asynchronous tests inside the block.
    """
    # Chromium's sandbox does not work for root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*_QUIET, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[WatchedPage]:
    """Open an empty page in a fresh profile."""
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)
    try:
        yield WatchedPage(context.new_page())
    finally:
        context.close()


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        """Serve a file, and answer the automatic request for an icon with 204."""
        if self.path != "/favicon.ico":
            super().do_GET()
            return
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # keep the tests' output short
        pass


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Serve a folder as a local web site, and yield its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            with contextlib.suppress(OSError):
                server.shutdown()
            thread.join()
