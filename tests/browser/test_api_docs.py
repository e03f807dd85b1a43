"""The browser examples of docs/api.md, run in a page of another origin."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from functions.core.api_keys import Root
from tests.boxes import widen
from tests.browsers import NODE_FOLDER, WatchedPage, site
from tests.clips import Clips
from tests.credentials import IssuedKey, admin_token, bearer, seconds
from tests.documented import recipe, snippets
from tests.running_stack import RunningStack, running_stack

pytestmark = pytest.mark.long

_EMBED = "Embed Uppy in your own site"
_DROP = ".uppy-Dashboard-inner"
_LARGE_BYTES = 20 << 20


@pytest.fixture
def large(clips: Clips, tmp_path: Path) -> Path:
    """A playable clip of three parts."""
    content = clips["tiny.mp4"].read_bytes()
    path = tmp_path / "large.mp4"
    widen(content, _LARGE_BYTES - len(content), path)
    return path


def build(folder: Path, node_modules: Path, **changes: str) -> None:
    """Build the documented page in a folder, with the npm packages of our lock."""
    folder.mkdir()
    (folder / "node_modules").symlink_to(node_modules)
    code = recipe(_EMBED)
    (folder / "index.html").write_text(code["html"])
    script = code["js"]
    for old, new in changes.items():
        assert script.count(old) == 1, old
        script = script.replace(old, new)
    (folder / "upload.js").write_text(script)
    esbuild = re.search(r"^npx (esbuild upload\.js .*)$", code["sh"], re.MULTILINE)
    assert esbuild
    command = [*esbuild[1].split(), "--log-level=warning"]
    subprocess.run(
        [node_modules / ".bin" / command[0], *command[1:]],
        cwd=folder,
        # Where the machine has no Node.js, `make setup` has installed one.
        env=os.environ | {"PATH": f"{os.environ['PATH']}:{NODE_FOLDER}"},
        check=True,
    )


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("closed"), ACCESS="keys") as stack:
        yield stack


@pytest.fixture
def page(
    stack: RunningStack, watched: WatchedPage, node_modules: Path, tmp_path: Path
) -> Iterator[WatchedPage]:
    """The documented page, with parts from 10 MB on so that the test sends less."""
    changes = {
        "http://localhost:8000": stack.api,
        "getChunkSize:": "shouldUseMultipart: ({size}) => size > 10e6,\n    getChunkSize:",
        "const uppy = new": "const uppy = globalThis.uppy = new",
    }
    build(tmp_path / "site", node_modules, **changes)
    with site(tmp_path / "site") as origin:
        watched.page.goto(origin)
        yield watched
        assert watched.origins <= {origin, stack.api, stack.addresses["s3"]}


def upload(page: WatchedPage, *files: Path) -> None:
    page.drop(_DROP, *files)
    page.page.get_by_role("button", name=re.compile("^Upload")).click()


def hold(_: Route) -> None:
    """Leave a request unanswered."""


def expect_done(page: WatchedPage, *names: str) -> None:
    items = page.page.locator("#videos li")
    for name in names:
        item = items.filter(has_text=f"{name}: done")
        expect(item).to_be_visible(timeout=30_000)
        page.page.wait_for_function(
            "image => image.complete && image.naturalWidth > 0",
            arg=item.locator("img").element_handle(),
        )
    expect(items).to_have_count(len(names))


def test_the_snippets_work_in_a_page(
    stack: RunningStack, watched: WatchedPage, clips: Clips, tmp_path: Path
) -> None:
    failed_id = stack.upload_signed(clips["text.mp4"])
    failed = stack.finished(failed_id)
    chosen = [one for one in snippets() if one.language == "js" and one.heading != _EMBED]
    code = "".join(one.code for one in chosen).replace("http://localhost:8000", stack.api)
    (tmp_path / "snippets.js").write_text(f"{code}\ndocument.title = 'done';")
    (tmp_path / "index.html").write_text("<!doctype html><input type=file>")
    with site(tmp_path) as origin:
        watched.page.goto(origin)
        watched.page.set_input_files("input", clips["tiny.mp4"])
        watched.page.add_script_tag(url="snippets.js", type="module")
        watched.page.wait_for_function("document.title === 'done'", timeout=60_000)
    assert stack.finished(failed_id)["updated_at"] > failed["updated_at"], "it is retried"


def test_uppy_uploads_dropped_files(page: WatchedPage, clips: Clips, large: Path) -> None:
    upload(page, clips["tiny.mp4"], clips["tiny.webm"], large)
    expect_done(page, "tiny.mp4", "tiny.webm", "large.mp4")
    assert any("partNumber=3" in url for url in page.requests)


def test_uppy_renews_the_token_for_a_closed_clipo(
    closed: RunningStack, watched: WatchedPage, clips: Clips, node_modules: Path, tmp_path: Path
) -> None:
    watched.expect_complaint("401")
    key = new_key(closed)
    tokens = [key.token(exp=seconds(-120)), key.token(scope="upload read deliver")]
    watched.page.route("**/clipo-token", lambda route: route.fulfill(json={"token": tokens.pop(0)}))
    changes = {"http://localhost:8000": closed.api, 'TOKENS = ""': 'TOKENS = "/clipo-token"'}
    build(tmp_path / "site", node_modules, **changes)
    with site(tmp_path / "site") as origin:
        watched.page.goto(origin)
        upload(watched, clips["tiny.mp4"])
        expect_done(watched, "tiny.mp4")
    assert tokens == []


def new_key(stack: RunningStack) -> IssuedKey:
    """Create an API key as the operator of a stack."""
    root = Root(1, (stack.home / "root_secret").read_text())
    made = stack.client.post("/keys", json={"name": "page"}, headers=bearer(admin_token(root)))
    return IssuedKey(**{name: made.json()[name] for name in ("id", "key", "signing_secret")})


def test_uppy_shows_why_a_video_failed(page: WatchedPage, clips: Clips) -> None:
    upload(page, clips["text.mp4"])
    expect(page.page.locator("#videos li")).to_contain_text("not a video", timeout=30_000)


def test_uppy_resumes_when_the_network_is_back(page: WatchedPage, large: Path) -> None:
    page.expect_complaint("ERR_INTERNET_DISCONNECTED|unsafe header|network error|Network error")
    page.page.route("**/*partNumber=2*", hold)
    with page.page.expect_request("**/*partNumber=2*"):
        upload(page, large)
    with page.offline():
        page.page.unroute("**/*partNumber=2*")
        expect(page.page.get_by_text("No internet connection").first).to_be_visible()
    expect_done(page, "large.mp4")
    firsts = [url for url in page.requests if "partNumber=1&" in url and "Signature" in url]
    assert len({url.partition("?")[0] for url in firsts}) == 1


@pytest.mark.parametrize("lost", [1, 4], ids=["once", "until Uppy gives up"])
def test_uppy_succeeds_if_the_last_response_is_lost(
    page: WatchedPage, stack: RunningStack, large: Path, lost: int
) -> None:
    page.expect_complaint(
        "ERR_FAILED|404|409|unsafe header|[Nn]etwork error|NoSuchUpload|as a new one"
    )
    answers: list[int] = []

    def lose(route: Route) -> None:
        completes = route.request.method == "POST" and "uploadId=" in route.request.url
        if not completes or len(answers) == lost:
            route.continue_()
            return
        answers.append(route.fetch().status)
        route.abort()

    page.page.route("**/source?**", lose)
    upload(page, large)
    if lost > 1:
        page.page.get_by_role("button", name="Retry upload").last.click()
    expect_done(page, "large.mp4")
    assert answers[0] == 200, "the storage has done it"
    assert page.page.evaluate("uppy.getFiles().every((file) => !file.error)")
    videos = stack.client.get("/videos", params={"limit": 1}).json()["data"]
    assert (videos[0]["filename"], videos[0]["status"]) == ("large.mp4", "done")


def test_uppy_resumes_after_the_page_was_closed(page: WatchedPage, large: Path) -> None:
    page.page.route("**/*partNumber=3*", hold)
    with page.page.expect_request("**/*partNumber=3*"):
        upload(page, large)
    page.page.wait_for_timeout(1000)  # golden-retriever writes down every half second
    page.requests.clear()
    page.page.reload()
    page.page.unroute("**/*partNumber=3*")
    # Too large to be kept by the browser: it has to be chosen again.
    page.drop(_DROP, large)
    page.page.get_by_role("button", name=re.compile("Resume|^Upload")).first.click()
    expect_done(page, "large.mp4")
    sent = [url for url in page.requests if "partNumber=" in url]
    assert len(sent) == 1, "only the part that was missing"
    assert "partNumber=3" in sent[0]
