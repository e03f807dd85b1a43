"""docs/embed.md: its apps run as they stand, with a closed stack and Clipo's elements."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clipo import Clipo
from clipo.server import page_tokens
from tests.browsers import WatchedPage, opened
from tests.clips import Clips
from tests.documented import EMBED_DOCS, recipe
from tests.node_package import NODE, node_folder
from tests.page import DONE_MS
from tests.receivers import SECRET
from tests.running_stack import RunningStack, running_stack
from tests.servers import Server, reserved_port

pytestmark = pytest.mark.long

_VARIABLES = ("CLIPO_API_KEY", "CLIPO_SIGNING_SECRET")
_PUPIL = """
import os
from types import SimpleNamespace
from flask import Flask

app = Flask(__name__)
LESSON = SimpleNamespace(teacher="teacher", video_id=os.environ["VIDEO_ID"])

def signed_in_user():
    return "pupil"

def lesson_of(number, user):
    return LESSON if (number, user) == ("7", "pupil") else None

@app.get("/<number>")
def page(number):
    script = os.environ["CLIPO_API"] + "/elements/clipo-player.js"
    endpoint, video_id = f"/lessons/{number}/clipo", LESSON.video_id
    return (
        f'<script type="module" src="{script}"></script>'
        f'<clipo-player endpoint="{endpoint}" video-id="{video_id}"></clipo-player>'
    )
"""
_RUN = """
import os
app.run(port=int(os.environ["PORT"]))
"""


@pytest.fixture(scope="module")
def port() -> int:
    """The port of the apps, one after the other."""
    with reserved_port(29900) as port:
        return port


@pytest.fixture(scope="module")
def stack(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    settings = {
        "ACCESS": "keys",
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/api/clipo/webhook",
    }
    with running_stack(tmp_path_factory.mktemp("embed"), None, **settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def environ(
    stack: RunningStack, port: int, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment of the apps, with the key that the commands of the document make."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    code = recipe("Before you start", EMBED_DOCS)["sh"] + f"printenv {' '.join(_VARIABLES)}"
    finished = subprocess.run(
        ["sh", "-euc", code],
        cwd=tmp_path_factory.mktemp("server"),
        env=os.environ
        | {
            "CLIPO_HOME": str(stack.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    key = dict(zip(_VARIABLES, finished.stdout.split(), strict=True))
    return key | {
        "CLIPO_API": stack.api,
        "CLIPO_WEBHOOK_SECRET": SECRET,
        "SESSION_SECRET": "a secret of the tests",
        "PORT": str(port),
    }


@contextmanager
def serving(command: list[str], folder: Path, environ: dict[str, str]) -> Iterator[str]:
    port = int(environ["PORT"])
    server = Server(command, port, environ=environ, folder=folder)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.stop()


def log_in(page: Page, app: str, name: str, password: str) -> None:
    page.goto(app)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def await_finished(page: Page, stack: RunningStack, count: int) -> None:
    """Wait until the app has got a webhook for so many videos."""
    deadline = time.monotonic() + DONE_MS / 1000
    while True:
        page.reload()
        text = page.get_by_text("Finished since the server started").text_content() or ""
        if len(re.findall("[0-9a-f]{24}", text)) == count:
            return
        assert time.monotonic() < deadline, (text, stack.output)
        time.sleep(0.1)


def play_and_scrub(page: Page) -> None:
    video = page.locator("clipo-player video")
    moments = page.locator("clipo-player .moments")
    expect(moments).to_be_attached(timeout=DONE_MS)
    video.hover()
    moments.click(position={"x": 200, "y": 8})
    expect(page.locator("clipo-player .tile")).to_be_visible()
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    assert video.evaluate("(video) => video.currentTime") > 1


def delete(page: Page, name: str, *, left: int) -> None:
    page.get_by_role("button", name=f"Delete {name}").click()
    question = page.get_by_role("group", name=f"Delete {name}")
    question.get_by_role("button").first.click()
    expect(page.locator("clipo-grid .card")).to_have_count(left)


def assert_it_does_what_the_document_says(
    app: str, watched: WatchedPage, browser: Browser, clips: Clips, stack: RunningStack
) -> None:
    watched.expect_complaint("favicon|401|403|ERR_ABORTED")
    page = watched.page
    log_in(page, app, "anna", "wrong")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    log_in(page, app, "anna", "correct horse")
    page.locator("clipo-upload input[type=file]").set_input_files(
        [clips["film.mp4"], clips["tiny.mp4"]]
    )
    cards = page.locator("clipo-grid .card")
    expect(cards.locator("[data-status=done]")).to_have_count(2, timeout=DONE_MS)
    await_finished(page, stack, 2)
    expect(cards).to_have_count(2)
    cards.filter(has_text="film.mp4").locator(".select").click()
    play_and_scrub(page)
    with opened(browser) as other:
        other.expect_complaint("favicon")
        log_in(other.page, app, "ben", "battery staple")
        expect(other.page.get_by_text("No videos yet.")).to_be_visible()
        assert other.unexpected == []
    delete(page, "film.mp4", left=1)
    expect(page.locator("clipo-player")).to_be_hidden()
    delete(page, "tiny.mp4", left=0)
    log_out_during_an_upload(page, clips["tiny.mp4"], stack)
    page.goto(app)
    expect(page.get_by_label("Password")).to_be_visible()
    log_in(page, app, "anna", "correct horse")
    expect(page.get_by_text("No videos yet.")).to_be_visible()
    expect(page.locator("clipo-upload .upload")).to_have_count(0)
    for action in ("login", "logout"):
        assert status_of_a_foreign_form(page, f"{app}{action}") == 403
    page.goto(app)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def log_out_during_an_upload(page: Page, clip: Path, stack: RunningStack) -> None:
    storage = f"{stack.addresses['s3']}/**"
    page.route(storage, lambda _: None)  # the upload never ends
    with page.expect_request(storage):
        page.locator("clipo-upload input[type=file]").set_input_files(clip)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.unroute(storage)


def status_of_a_foreign_form(page: Page, action: str) -> int:
    """Send a form from a page of another site, and return the status of the answer."""
    fields = '<input name="name" value="ben"><input name="password" value="battery staple">'
    page.goto("about:blank")
    page.goto(f'data:text/html,<form method="post" action="{action}">{fields}<button>Go</button>')
    with page.expect_response(action) as response:
        page.get_by_role("button").click()
    return response.value.status


@pytest.mark.parametrize(
    ("heading", "language"), [("A whole app in Flask", "python"), ("A whole app in Express", "js")]
)
def test_a_whole_app(
    heading: str,
    language: str,
    stack: RunningStack,
    environ: dict[str, str],
    watched: WatchedPage,
    browser: Browser,
    clips: Clips,
    tmp_path: Path,
) -> None:
    code = recipe(heading, EMBED_DOCS)[language]
    assert len(code.splitlines()) <= 60
    if language == "js":
        node_folder(tmp_path)
    file = tmp_path / ("app.mjs" if language == "js" else "app.py")
    file.write_text(code)
    flask = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", environ["PORT"]]
    command = [str(NODE), file.name] if language == "js" else flask
    with serving(command, tmp_path, environ) as app:
        assert_it_does_what_the_document_says(app, watched, browser, clips, stack)


def test_the_shortest_app_has_ten_lines(
    environ: dict[str, str], watched: WatchedPage, clips: Clips, tmp_path: Path
) -> None:
    code = recipe("The shortest", EMBED_DOCS)["python"]
    assert len([line for line in code.splitlines() if line]) <= 10
    served = code.replace("http://127.0.0.1:8000", environ["CLIPO_API"])
    (tmp_path / "app.py").write_text(served + _RUN)
    watched.expect_complaint("favicon")
    with serving([sys.executable, "app.py"], tmp_path, environ) as app:
        watched.page.goto(app)
        chooser = watched.page.locator("clipo-upload input[type=file]")
        chooser.set_input_files(clips["tiny.mp4"])
        done = watched.page.locator("clipo-grid .card [data-status=done]")
        expect(done).to_have_count(1, timeout=DONE_MS)
        delete(watched.page, "tiny.mp4", left=0)


def uploaded_by(owner: str, environ: dict[str, str], clip: Path) -> str:
    """Upload a clip as a user of the app, and return the id of the video when it is done."""
    key, secret = environ["CLIPO_API_KEY"], environ["CLIPO_SIGNING_SECRET"]
    tokens = page_tokens(owner, url=environ["CLIPO_API"], key=key, signing_secret=secret)
    with Clipo(tokens["api"], key=tokens["token"]) as clipo:
        return str(clipo.wait(clipo.upload(clip)["id"])["id"])


def test_a_user_watches_one_video_of_another(
    stack: RunningStack,
    environ: dict[str, str],
    watched: WatchedPage,
    clips: Clips,
    tmp_path: Path,
) -> None:
    shown, other = (uploaded_by("teacher", environ, clips["film.mp4"]) for _ in range(2))
    code = recipe("Limits, and videos of others", EMBED_DOCS)["python"]
    (tmp_path / "app.py").write_text(_PUPIL + code + _RUN)
    watched.expect_complaint("favicon|403")
    environ |= {"VIDEO_ID": shown}
    with serving([sys.executable, "app.py"], tmp_path, environ) as app:
        watched.page.goto(f"{app}7")
        play_and_scrub(watched.page)
        token = watched.page.evaluate(
            "() => fetch('/lessons/7/clipo/token', {method: 'POST'}).then((r) => r.json())"
        )["token"]
        watched.page.goto(f"{app}8")
        expect(watched.page.get_by_text("You may not see this video.")).to_be_visible()
    headers = {"Authorization": f"Bearer {token}"}
    assert stack.client.get(f"/videos/{shown}", headers=headers).status_code == 200
    assert stack.client.get(f"/videos/{other}", headers=headers).status_code in (403, 404)
    assert stack.client.delete(f"/videos/{shown}", headers=headers).status_code == 403
