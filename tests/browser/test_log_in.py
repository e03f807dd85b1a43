"""The page of a closed stack in a real browser: log in, work, log out, and be logged out."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.access import Scope
from functions.core.api_keys import Root
from functions.core.settings import CatalogSettings
from tests.boxes import widen
from tests.browsers import WatchedPage
from tests.clips import Clips
from tests.credentials import IssuedKey, bearer, issue
from tests.page import (
    DONE_MS,
    DROP,
    card,
    delete_open_video,
    expect_no_uploads,
    expect_picture,
    expect_ready,
    part_numbers,
)
from tests.running_stack import RunningStack, running_stack

_WIDTHS = ((320, 740), (360, 740), (1280, 800))
_REVOKED_MS = 90_000
"""The API remembers a key for 60 s."""

_STORED = """
() => [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), document.cookie]
"""

_LOG_IN_ELSEWHERE = """
async (credential) => {
  const headers = {Authorization: `Bearer ${credential}`};
  await fetch("/session", {method: "DELETE"});
  return (await fetch("/session", {method: "POST", headers})).status;
}
"""

Issue = Callable[..., IssuedKey]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("closed"), ACCESS="keys") as stack:
        yield stack


@pytest.fixture(scope="module")
def keys(closed: RunningStack) -> Iterator[MongoApiKeys]:
    lines = shlex.split((closed.home / "functions.env").read_text())
    settings = CatalogSettings.read(dict(line.split("=", 1) for line in lines))
    with closing(MongoCatalog(settings, pool_size=1, timeout_ms=10_000)) as catalog:
        yield MongoApiKeys(catalog)


@pytest.fixture(scope="module")
def new_key(closed: RunningStack, keys: MongoApiKeys) -> Issue:
    root = Root(1, (closed.home / "root_secret").read_text())
    return lambda **fields: issue(keys, root=root, **fields)


@pytest.fixture(scope="module")
def key(new_key: Issue) -> IssuedKey:
    return new_key(name="laptop")


@pytest.fixture
def page(closed: RunningStack, watched: WatchedPage) -> WatchedPage:
    watched.expect_complaint("401")
    watched.page.goto(closed.api)
    expect(field(watched)).to_be_focused()
    return watched


@pytest.fixture
def named(clips: Clips, tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a clip under a name that no other test uses."""
    return lambda clip, name: Path(shutil.copy(clips[clip], tmp_path / name))


Named = Callable[[str, str], Path]


def field(page: WatchedPage) -> Locator:
    return page.page.get_by_label("API key or token")


def try_to_log_in(page: WatchedPage, credential: str) -> None:
    field(page).fill(credential)
    page.page.keyboard.press("Enter")


def log_in(page: WatchedPage, credential: str) -> None:
    try_to_log_in(page, credential)
    expect(page.page.get_by_role("button", name="Log out")).to_be_visible()


def end_session(page: WatchedPage) -> None:
    """Remove the cookie, as the browser does when it expires."""
    page.page.context.clear_cookies()
    page.page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.page.get_by_role("alert").first).to_contain_text("session has ended")


def screenshots(page: WatchedPage, name: str) -> None:
    for width, height in _WIDTHS:
        for dark in (False, True):
            page.screenshot(name, width=width, height=height, dark=dark)
            assert page.accessibility_findings() == []
            wider = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0


def test_one_logs_in_uploads_and_logs_out(page: WatchedPage, key: IssuedKey, named: Named) -> None:
    # The large picture of the details may come after the delete.
    page.expect_complaint("404")
    log_in(page, key.key)
    expect(page.page.locator(".who")).to_have_text("Logged in for all owners")
    page.page.get_by_label("Settings").click()
    expect(page.page.locator(".menu")).to_contain_text(f"Your key{key.id}")
    expect(page.page.get_by_role("button", name="Copy: Your key")).to_be_visible()
    assert page.accessibility_findings() == []
    page.screenshot("your-key", width=360, height=740)
    page.page.keyboard.press("Escape")
    page.drop(DROP, named("tiny.mp4", "with-a-key.mp4"))
    expect_picture(card(page, "with-a-key.mp4"))
    expect(page.page.get_by_role("heading", name="Videos")).to_have_count(1)
    assert not any(key.key in stored for stored in page.page.evaluate(_STORED))
    page.page.reload()
    expect_picture(card(page, "with-a-key.mp4"))
    card(page, "with-a-key.mp4").locator("a").click()
    delete_open_video(page)
    expect(page.page.get_by_text("with-a-key.mp4")).to_have_count(0)
    page.page.get_by_role("button", name="Log out").click()
    expect(page.page.get_by_role("alert").first).to_have_text("You are logged out.")
    page.page.reload()
    expect(field(page)).to_be_focused()
    expect(page.page.locator("#workspace")).to_be_hidden()


def test_one_sees_the_limits_and_how_much_is_used(
    page: WatchedPage, new_key: Issue, named: Named
) -> None:
    # The large picture of the details may come after the delete.
    page.expect_complaint("403|404|it is used up")
    limits = {"max_videos": 1, "max_duration_s": 90, "max_bytes": 10_000_000}
    log_in(page, new_key().token(sub="limited", **limits))
    hint = page.page.locator("#limits")
    expect(hint).to_contain_text("at most 10 MB and 90 sec each · 0 of 1 videos used")
    page.drop(DROP, named("tiny.mp4", "first.mp4"))
    expect_picture(card(page, "first.mp4"))
    expect(hint).to_contain_text("1 of 1 videos used")
    page.drop(DROP, named("tiny.mp4", "second.mp4"))
    refusal = "Your quota is used up: it allows 1 video."
    expect(page.page.locator(".upload")).to_contain_text(refusal)
    card(page, "first.mp4").locator("a").click()
    delete_open_video(page)
    expect(hint).to_contain_text("0 of 1 videos used")


def test_a_wrong_key_is_explained_and_can_be_corrected(page: WatchedPage, key: IssuedKey) -> None:
    alert = page.page.locator("#log-in-problem")
    for wrong, problem in (
        (f"{key.key[:-1]}_", "not an API key"),
        (key.key[:-1] + ("0" if key.key[-1] != "0" else "1"), "mistyped"),
        ("ключ", "neither an API key nor a token"),
        (key.token(exp=1), "expired"),
    ):
        try_to_log_in(page, wrong)
        expect(alert).to_contain_text(problem)
        expect(field(page)).to_be_focused()
        expect(field(page)).to_have_attribute("aria-invalid", "true")
    screenshots(page, "wrong-key")
    log_in(page, f" Bearer {key.key[:30]}\n  {key.key[30:]}\n")


def test_the_log_in_is_accessible_and_fits_every_screen(page: WatchedPage, key: IssuedKey) -> None:
    screenshots(page, "log-in")
    expect(field(page)).to_have_attribute("type", "password")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Space")
    expect(page.page.get_by_role("button", name="Show")).to_have_attribute("aria-pressed", "true")
    expect(field(page)).to_have_attribute("type", "text")
    log_in(page, key.key)
    expect(page.page.locator("#screen-reader-messages")).to_have_text("You are logged in.")
    screenshots(page, "logged-in")


@pytest.mark.long
def test_the_shown_commands_send_the_key(
    page: WatchedPage, closed: RunningStack, key: IssuedKey, named: Named, tmp_path: Path
) -> None:
    log_in(page, key.key)
    page.drop(DROP, named("tiny.mp4", "by-curl.mp4"))
    expect_picture(card(page, "by-curl.mp4"))
    card(page, "by-curl.mp4").locator("a").click()
    page.page.get_by_role("tab", name="API").click()
    commands = page.page.locator(".calls pre").all_inner_texts()
    assert len(commands) == 6
    for command in commands:
        environ = {"CLIPO_API_KEY": key.key, "PATH": "/usr/bin:/bin"}
        ran = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env=environ,
            check=True,
            capture_output=True,
            timeout=30,
        )
        assert b"unauthenticated" not in ran.stdout
    assert (tmp_path / "thumbnail.jpg").read_bytes().startswith(b"\xff\xd8")
    answer = closed.client.get(
        f"/videos/{re.findall('[0-9a-f]{24}', commands[-1])[0]}", headers=bearer(key.key)
    )
    assert answer.status_code == 404


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "run"),
    [
        ("JavaScript", ["node", "--input-type=module", "-e"]),
        ("Python", [sys.executable, "-c"]),
    ],
)
def test_the_shown_programs_send_the_key(
    page: WatchedPage,
    key: IssuedKey,
    named: Named,
    tmp_path: Path,
    program: str,
    run: list[str],
) -> None:
    # The program deletes the video that is open.
    page.expect_complaint("404")
    log_in(page, key.key)
    clip = named("tiny.mp4", f"it's by {program}.mp4")
    content = clip.read_bytes()
    page.drop(DROP, clip)
    expect_picture(card(page, clip.name))
    card(page, clip.name).locator("a").click()
    page.page.get_by_role("tab", name="API").click()
    page.page.get_by_role("radio", name=program).check(force=True)
    announce, upload, *others = page.page.locator(".calls pre").all_inner_texts()
    assert len(others) == 4
    for code in (f"{announce}\n{upload}", *others):
        environ = {"CLIPO_API_KEY": key.key, "PATH": os.environ["PATH"]}
        subprocess.run([*run, code], cwd=tmp_path, env=environ, check=True, timeout=30)
        if code.endswith(upload):
            clip.unlink()
    assert (tmp_path / "thumbnail.jpg").read_bytes().startswith(b"\xff\xd8")
    assert clip.read_bytes() == content
    page.page.keyboard.press("Escape")
    [deleted] = re.findall(r"[0-9a-f]{24}", others[-1])
    expect(page.page.locator(f"[data-video='{deleted}']")).to_have_count(0, timeout=DONE_MS)
    expect_picture(card(page, clip.name))


def test_a_token_that_may_only_upload_is_offered_nothing_else(
    page: WatchedPage, new_key: Issue, named: Named
) -> None:
    key = new_key(name="app")
    log_in(page, key.token(scope="upload"))
    expect(page.page.locator(".who")).to_contain_text("anna")
    expect(page.page.get_by_text("You may not list videos")).to_be_visible()
    page.drop(DROP, named("tiny.mp4", "only-uploaded.mp4"))
    expect(card(page, "only-uploaded.mp4").locator("[data-status=done]")).to_be_visible(
        timeout=DONE_MS
    )
    page.screenshot("upload-only", width=360, height=740)
    card(page, "only-uploaded.mp4").locator("a").click()
    details = page.page.get_by_role("dialog")
    expect(details.get_by_role("definition").filter(has_text="anna")).to_be_visible()
    expect(details).to_contain_text("You may not retry or delete it")
    expect(details).to_contain_text("You may not see its picture")
    expect(details.get_by_role("button", name="Delete…")).to_have_count(0)
    page.screenshot("upload-only-details", width=360, height=740)
    assert not [call for call in page.calls if "GET" in call and "/thumbnail" in call]
    assert not [call for call in page.calls if re.search(r"GET \S+/videos\?", call)]


def test_a_key_that_may_only_read_is_offered_no_upload(page: WatchedPage, new_key: Issue) -> None:
    reader = new_key(name="reader", scopes=frozenset({Scope.READ, Scope.DELIVER}), owner="anna")
    log_in(page, reader.key)
    expect(page.page.get_by_text("You may not upload here")).to_be_visible()
    expect(page.page.get_by_role("button", name="Choose videos")).to_have_count(0)
    page.screenshot("read-only", width=1280, height=800)


@pytest.fixture
def large(clips: Clips, tmp_path: Path) -> Path:
    """A playable clip that is just too large for one request, with a name of its own."""
    content = clips["tiny.mp4"].read_bytes()
    path = tmp_path / f"{tmp_path.name}.mp4"
    widen(content, (101 << 20) - len(content), path)
    return path


def interrupted(page: WatchedPage, file: Path) -> None:
    """Upload a file, and let the session end between two of its parts."""
    page.expect_complaint("Send an API key or a token")
    page.expect_complaint("unsafe header")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.page.route("**partNumber=3&**", hold)
    with page.page.expect_request("**partNumber=3&**"):
        page.drop(DROP, file)
    end_session(page)
    for route in held:
        route.continue_()
    page.page.unroute("**partNumber=3&**")


@pytest.mark.long
def test_an_upload_survives_the_end_of_the_session(
    page: WatchedPage, new_key: Issue, large: Path
) -> None:
    log_in(page, new_key(name="old", owner="anna").key)
    interrupted(page, large)
    expect(page.page.get_by_text("your uploads continue")).to_be_visible()
    screenshots(page, "session-ended")
    log_in(page, new_key(name="new", owner="anna").key)
    expect_picture(card(page, large.name))
    assert sorted(part_numbers(page)) == list(range(1, 14)), "nothing is sent twice"


@pytest.mark.long
def test_another_person_does_not_get_the_uploads(
    page: WatchedPage, closed: RunningStack, key: IssuedKey, new_key: Issue, large: Path
) -> None:
    # The first page may have asked for the next part before it dropped the file.
    page.expect_complaint(
        "403|404|has expired or was deleted|There is no video|set state for|owner"
    )
    log_in(page, new_key(name="anna", owner="anna").key)
    interrupted(page, large)
    log_in(page, new_key(name="bert", owner="bert").key)
    expect_ready(page)
    expect_no_uploads(page)
    listed = closed.client.get("/videos", headers=bearer(key.key)).json()["data"]
    assert [video["status"] for video in listed if video["filename"] == large.name] == ["pending"]


@pytest.mark.long
def test_a_file_never_becomes_the_video_of_who_logged_in_elsewhere(
    page: WatchedPage, closed: RunningStack, key: IssuedKey, new_key: Issue, named: Named
) -> None:
    page.expect_complaint("403|may not|reaches only")
    log_in(page, new_key(name="cleo", owner="cleo").key)
    expect_ready(page)
    # In another tab, of which this page does not know yet.
    status = page.page.evaluate(_LOG_IN_ELSEWHERE, new_key(name="dora", owner="dora").key)
    assert status == 204
    with page.page.expect_response(lambda it: it.request.method == "POST") as announced:
        page.drop(DROP, named("tiny.mp4", "of-cleo.mp4"))
    assert announced.value.status == 403
    expect(page.page.locator(".upload .error")).to_be_visible()
    listed = closed.client.get("/videos", headers=bearer(key.key)).json()["data"]
    assert "of-cleo.mp4" not in [video["filename"] for video in listed]


@pytest.mark.long
def test_a_log_out_asks_before_it_cancels_uploads(
    page: WatchedPage, closed: RunningStack, key: IssuedKey, large: Path
) -> None:
    page.expect_complaint("unsafe header")
    page.expect_complaint("404")
    log_in(page, key.key)
    page.page.route("**partNumber=3&**", lambda _: None)
    with page.page.expect_request("**partNumber=3&**"):
        page.drop(DROP, large)
    page.page.get_by_role("button", name="Log out").click()
    question = page.page.get_by_role("dialog")
    expect(question).to_contain_text("cancels them")
    page.screenshot("log-out", width=360, height=740)
    assert page.accessibility_findings() == []
    question.get_by_role("button", name="Stay").click()
    page.page.get_by_role("button", name="Log out").click()
    question.get_by_role("button", name="Cancel the uploads").click()
    expect(field(page)).to_be_focused()
    listed = closed.client.get("/videos", headers=bearer(key.key)).json()["data"]
    assert large.name not in [video["filename"] for video in listed]
    log_in(page, key.key)
    expect_ready(page)
    expect_no_uploads(page)


@pytest.mark.long
def test_a_revoked_key_ends_the_session_of_an_open_page(
    page: WatchedPage, keys: MongoApiKeys, new_key: Issue
) -> None:
    lost = new_key(name="lost")
    log_in(page, lost.key)
    keys.remove(lost.id)
    alert = page.page.get_by_role("alert").first
    expect(alert).to_contain_text("session has ended", timeout=_REVOKED_MS)
    try_to_log_in(page, lost.key)
    expect(page.page.locator("#log-in-problem")).to_contain_text("has been revoked")


def test_other_tabs_follow_a_log_in_and_a_log_out(
    page: WatchedPage, closed: RunningStack, key: IssuedKey
) -> None:
    other = page.page.context.new_page()
    other.goto(closed.api)
    expect(other.get_by_label("API key or token")).to_be_visible()
    log_in(page, key.key)
    expect(other.get_by_role("button", name="Log out")).to_be_visible()
    said = other.locator("#screen-reader-messages")
    expect(said).to_have_text("You are logged in.")
    other.get_by_role("button", name="Log out").click()
    expect(said).to_be_empty()
    expect(field(page)).to_be_visible()


def test_an_open_stack_says_so_unless_it_is_on_loopback(
    watched: WatchedPage, stack: RunningStack
) -> None:
    def serve(route: Route) -> None:
        path = route.request.url.removeprefix("http://clipo.example")
        route.fulfill(response=route.fetch(url=stack.api + path))

    note = watched.page.get_by_role("note")
    watched.page.goto(stack.api)
    expect_ready(watched)
    expect(note).to_have_count(0)
    watched.page.route("http://clipo.example/**", serve)
    watched.page.goto("http://clipo.example/")
    expect(note).to_contain_text("Open to everyone")
    for dark in (False, True):
        watched.screenshot("open-to-everyone", width=360, height=740, dark=dark)
        assert watched.accessibility_findings() == []
    # The page goes on asking: a request may be under way when the test ends.
    watched.page.unroute_all(behavior="ignoreErrors")
