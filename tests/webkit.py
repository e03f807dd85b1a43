"""WebKit, the engine of Safari, as Debian and Ubuntu have it.

Playwright drives only a WebKit of its own, which no package registry has.
"""

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tests.waiting import eventually

_CHOOSE = """
const [root, name, content] = arguments;
const within = root ? document.querySelector(root).shadowRoot : document;
const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
const chosen = new DataTransfer();
chosen.items.add(new File([bytes], name, {type: "video/mp4"}));
const input = within.querySelector("input[type=file]");
input.files = chosen.files;
input.dispatchEvent(new Event("change", {bubbles: true}));
"""


class WebKit:
    """A window of WebKit."""

    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver.get(url)

    def go_back(self) -> None:
        self._driver.back()

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, and return its result."""
        return self._driver.execute_script(script, *arguments)

    def click(self, element: str) -> None:
        """Click as a user does, so that a video may play, when an element is there."""
        self.expect(element)
        self.run(f"return {element}").click()

    def press(self, keys: str) -> None:
        """Type at what has the focus."""
        self._driver.switch_to.active_element.send_keys(getattr(Keys, keys.upper(), keys))

    def choose(self, file: Path, *, element: str = "") -> None:
        """Choose a small MP4 file in the page, or in the shadow root of an element."""
        self.run(_CHOOSE, element, file.name, b64encode(file.read_bytes()).decode())

    def expect(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        eventually(lambda: self.run(f"return Boolean({expression})"))


def find_webkit() -> str | None:
    """Return the driver of WebKitGTK, if there is also a display for its windows."""
    return shutil.which("WebKitWebDriver") if shutil.which("Xvfb") else None


@contextmanager
def webkit(driver: str) -> Iterator[WebKit]:
    """Run WebKitGTK's small browser. A driven one keeps nothing of other runs."""
    with _display() as display:
        settings = {"DISPLAY": display, "GDK_BACKEND": "x11"}
        if os.geteuid() == 0:
            # Its sandbox does not work for root.
            settings["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        service = webdriver.WebKitGTKService(driver, env=os.environ | settings)
        running = webdriver.WebKitGTK(_small_browser(), service)
        try:
            yield WebKit(running)
        finally:
            running.quit()


def _small_browser() -> webdriver.WebKitGTKOptions:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(next(Path("/usr").glob("lib*/**/webkit2gtk-4*/MiniBrowser")))
    options.add_argument("--automation")
    return options


@contextmanager
def _display() -> Iterator[str]:
    reading, writing = os.pipe()
    screen = ["-screen", "0", "1280x900x24"]
    command = ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp", *screen]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as number:
                yield f":{number.readline().strip()}"
        finally:
            server.terminate()
