"""The cookie of the page's session as a real browser keeps and sends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Browser, Page

from tests.browsers import WatchedPage, opened
from tests.credentials import bearer, issue
from tests.examples import ID, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.served_api import served

_CALL = """
async ([url, method, headers]) => {
  try {
    const response = await fetch(url, {method, headers, credentials: "include"});
    return [response.status, await response.text()];
  } catch (error) {
    return [0, error.message];
  }
}
"""


@pytest.fixture
def records() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def keys() -> FakeApiKeys:
    return FakeApiKeys()


@pytest.fixture
def plain(records: FakeCatalog, keys: FakeApiKeys) -> Iterator[str]:
    with served(records, keys) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def secure(records: FakeCatalog, keys: FakeApiKeys, tmp_path: Path) -> Iterator[str]:
    certificate = tmp_path / "certificate.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    with served(records, keys, ssl_certfile=certificate) as port:
        yield f"https://localhost:{port}"


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    """A page that accepts the certificate of the tests. Refusals are what it is here for."""
    with opened(browser, ignore_https_errors=True) as page:
        yield page


def call(page: Page, url: str, method: str = "GET", **headers: str) -> int:
    """Return the status of a request with cookies; 0 if the browser keeps the answer."""
    status: int = page.evaluate(_CALL, [url, method, headers])[0]
    return status


def log_in(page: Page, origin: str, keys: FakeApiKeys) -> None:
    page.goto(f"{origin}/docs")
    assert call(page, f"{origin}/session", "POST", **bearer(issue(keys).key)) == 204
    assert call(page, f"{origin}/me") == 200


def test_over_https_the_browser_binds_it_to_the_host(
    watched: WatchedPage, secure: str, keys: FakeApiKeys
) -> None:
    log_in(watched.page, secure, keys)
    (cookie,) = watched.page.context.cookies()
    assert cookie["name"] == "__Host-clipo"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"]) == ("/", "localhost")
    assert watched.page.evaluate("document.cookie") == ""


def test_on_loopback_its_name_has_the_port(
    watched: WatchedPage, plain: str, keys: FakeApiKeys
) -> None:
    log_in(watched.page, plain, keys)
    (cookie,) = watched.page.context.cookies()
    assert cookie["name"] == f"clipo_{plain.rpartition(':')[2]}"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (False, True, "Strict")
    assert watched.page.evaluate("document.cookie") == ""


@pytest.mark.parametrize("scheme", ["plain", "secure"])
def test_logging_out_removes_it(
    watched: WatchedPage, keys: FakeApiKeys, scheme: str, request: pytest.FixtureRequest
) -> None:
    origin: str = request.getfixturevalue(scheme)
    log_in(watched.page, origin, keys)
    assert call(watched.page, f"{origin}/session", "DELETE") == 204
    assert watched.page.context.cookies() == []
    assert call(watched.page, f"{origin}/me") == 401


def test_two_stacks_on_one_machine_have_sessions_of_their_own(
    watched: WatchedPage, plain: str, keys: FakeApiKeys
) -> None:
    other_keys = FakeApiKeys()
    with served(FakeCatalog(), other_keys) as port:
        other = f"http://localhost:{port}"
        log_in(watched.page, plain, keys)
        log_in(watched.page, other, other_keys)
        assert len(watched.page.context.cookies()) == 2
        assert call(watched.page, f"{other}/session", "DELETE") == 204
        watched.page.goto(f"{plain}/docs")
        assert call(watched.page, f"{plain}/me") == 200


def test_a_page_of_another_port_neither_reads_nor_changes_anything_with_it(
    watched: WatchedPage, plain: str, keys: FakeApiKeys, records: FakeCatalog
) -> None:
    """The browser sends the cookie, because another port is the same site to it."""
    records.videos[ID] = done_video()
    log_in(watched.page, plain, keys)
    with served(FakeCatalog(), FakeApiKeys()) as port:
        watched.page.goto(f"http://localhost:{port}/docs")
        for path in ("/videos", f"/videos/{ID}", "/me"):
            assert call(watched.page, f"{plain}{path}") == 0
        for method, path in (("DELETE", f"/videos/{ID}"), ("DELETE", "/session")):
            assert call(watched.page, f"{plain}{path}", method) == 0
        submit(watched.page, f"{plain}/videos/{ID}/retry")
    assert ID in records.videos
    watched.page.goto(f"{plain}/docs")
    assert call(watched.page, f"{plain}/me") == 200, "it is still logged in"


def test_another_site_sends_it_never(
    watched: WatchedPage, plain: str, keys: FakeApiKeys, records: FakeCatalog
) -> None:
    records.videos[ID] = done_video()
    log_in(watched.page, plain, keys)
    with served(FakeCatalog(), FakeApiKeys()) as port:
        watched.page.goto(f"http://127.0.0.1:{port}/docs")
        assert submit(watched.page, f"{plain}/videos", method="get") == 401, "a navigation"
        watched.page.goto(f"http://127.0.0.1:{port}/docs")
        assert submit(watched.page, f"{plain}/videos/{ID}/retry") in (401, 403)
    assert records.videos[ID] == done_video()


def submit(page: Page, url: str, method: str = "post") -> int:
    """Submit a form, which needs no permission of the other site, and return the status."""
    with page.expect_navigation() as navigation:
        page.evaluate(
            """([url, method]) => {
              const form = Object.assign(document.createElement("form"), {action: url, method});
              document.body.append(form);
              form.submit();
            }""",
            [url, method],
        )
    response = navigation.value
    assert response
    return response.status
