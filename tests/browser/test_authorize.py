"""*Authorize* in the interactive documentation of a closed stack."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from functions.core.api_keys import Root
from tests.browsers import WatchedPage
from tests.credentials import IssuedKey, admin_token, bearer
from tests.running_stack import RunningStack, running_stack

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("closed"), ACCESS="keys") as stack:
        yield stack


@pytest.fixture(scope="module")
def key(closed: RunningStack) -> IssuedKey:
    root = Root(1, (closed.home / "root_secret").read_text())
    response = closed.client.post("/keys", json={"name": "docs"}, headers=bearer(admin_token(root)))
    body: dict[str, Any] = response.json()
    return IssuedKey(body["id"], body["key"], body["signing_secret"])


@pytest.fixture
def docs(closed: RunningStack, watched: WatchedPage) -> WatchedPage:
    watched.page.goto(f"{closed.api}/docs")
    return watched


def authorize(docs: WatchedPage, scheme: str, credential: str) -> None:
    page = docs.page
    page.get_by_role("button", name="Authorize").first.click()
    form = page.locator(".auth-container").filter(has_text=scheme)
    form.locator("input").fill(credential)
    form.get_by_role("button", name="Apply credentials").click()
    expect(form.get_by_role("button", name="Remove authorization")).to_be_visible()
    form.get_by_role("button", name="Close").click()


def opened(docs: WatchedPage, operation: str) -> Locator:
    shown = docs.page.locator(f"[id$='-{operation}']")
    shown.locator(".opblock-summary-control").click()
    return shown


def execute(operation: Locator) -> Locator:
    """Send the request of an operation, and return where its answer is shown."""
    operation.get_by_role("button", name="Execute").click()
    return operation.locator(".live-responses-table")


def test_each_operation_shows_the_scopes_that_it_needs(docs: WatchedPage) -> None:
    for operation, shown in (
        ("listVideos", "Needs the scope read."),
        ("getVideo", "Needs the scope upload or read."),
        ("revokeKey", "Needs the scope admin."),
        ("getCaller", "Needs a credential, with any scopes."),
    ):
        expect(opened(docs, operation)).to_contain_text(shown)


@pytest.mark.parametrize("kind", ["key", "token"])
def test_a_key_or_a_token_is_sent_with_each_call(
    docs: WatchedPage, key: IssuedKey, kind: str
) -> None:
    docs.expect_complaint("401")
    caller = opened(docs, "getCaller")
    expect(execute(caller)).to_contain_text("unauthenticated")
    authorize(docs, "Bearer", key.key if kind == "key" else key.token())
    expect(execute(caller)).to_contain_text(f'"credential": "{kind}"')
    expect(execute(opened(docs, "listVideos"))).to_contain_text('"has_more": false')


def test_a_wrong_key_is_explained(docs: WatchedPage, key: IssuedKey) -> None:
    docs.expect_complaint("401")
    authorize(docs, "Bearer", key.key[:-1])
    expect(execute(opened(docs, "getCaller"))).to_contain_text("not an API key")


def test_a_delivery_token_is_sent_in_the_address(docs: WatchedPage, key: IssuedKey) -> None:
    docs.expect_complaint("404")
    authorize(docs, "deliveryToken", key.token(scope="deliver"))
    thumbnail = opened(docs, "getThumbnail")
    thumbnail.locator("input[placeholder=video_id]").fill("507f1f77bcf86cd799439011")
    expect(execute(thumbnail)).to_contain_text("video_not_found")
    assert any("/thumbnail?token=" in url for url in docs.requests)


def test_the_pages_session_works_there_alone_but_not_beside_a_key(
    docs: WatchedPage, key: IssuedKey
) -> None:
    docs.expect_complaint("401")
    docs.page.evaluate(
        """(key) => fetch("/session",
          {method: "POST", headers: {authorization: `Bearer ${key}`}})""",
        key.key,
    )
    caller = opened(docs, "getCaller")
    expect(execute(caller)).to_contain_text('"credential": "session"')
    authorize(docs, "Bearer", key.key)
    expect(execute(caller)).to_contain_text("log out of the page")
