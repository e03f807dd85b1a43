"""docs/api.md: each snippet is run as it stands, each table says what the code says."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import playwright
import pytest

from functions.api import problems
from functions.api.problems import ProblemKind
from tests.boxes import widen
from tests.clips import Clips
from tests.documented import GET_STARTED, recipe, rows, snippets
from tests.running_stack import RunningStack

_RECIPES = ("Embed Uppy in your own site", "A Python client for files of any size")
_LARGE_BYTES = 20 << 20
_NODE = Path(playwright.__file__).parent / "driver" / "node"
"""Playwright brings one: so every machine that runs the tests has the same."""


def program(language: str, stack: RunningStack) -> str:
    """Return all snippets of a language: they go on from one another."""
    chosen = [s for s in snippets() if s.language == language and s.heading not in _RECIPES]
    code = "\n".join(snippet.code for snippet in chosen)
    return code.replace("http://localhost:8000", stack.api)


def in_node(code: str) -> str:
    """Take the file from where the comment says that it is in Node."""
    code, changed = re.subn(r"const \[file\] = .*\n// In Node: (.*)\n", r"\1\n", code)
    assert changed == 1
    return code


@pytest.fixture
def folder(tmp_path: Path, clips: Clips) -> Path:
    """Where the reader is: beside a clip, and one that is worth more than two parts."""
    shutil.copy(clips["tiny.mp4"], tmp_path / "clip.mp4")
    content = clips["tiny.mp4"].read_bytes()
    widen(content, _LARGE_BYTES - len(content), tmp_path / "large.mp4")
    return tmp_path


def all_videos(stack: RunningStack) -> dict[str, dict[str, Any]]:
    answer = stack.client.get("/videos", params={"limit": 100}).json()
    return {video["id"]: video for video in answer["data"]}


def run(*command: str | Path, folder: Path) -> str:
    finished = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def shell(code: str, folder: Path) -> str:
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    return run("sh", "-euc", code, folder=folder)


def python(code: str, folder: Path) -> str:
    return run(sys.executable, "-c", code, folder=folder)


def node(code: str, folder: Path) -> str:
    (folder / "snippets.mjs").write_text(in_node(code))
    return run(_NODE, "snippets.mjs", folder=folder)


@pytest.mark.parametrize(("language", "runner"), [("sh", shell), ("python", python), ("js", node)])
def test_the_snippets_do_what_they_say(
    stack: RunningStack,
    clips: Clips,
    folder: Path,
    language: str,
    runner: Callable[[str, Path], str],
) -> None:
    failed_id = stack.upload_signed(clips["text.mp4"])
    failed = stack.finished(failed_id)
    before = all_videos(stack)

    output = runner(program(language, stack), folder)

    new = [stack.finished(video_id) for video_id in all_videos(stack) if video_id not in before]
    assert [video["status"] for video in new] == ["done"] * 3, output
    assert {video["passthrough"] for video in new} == {None}, "the first video is deleted"
    assert stack.finished(failed_id)["updated_at"] > failed["updated_at"], "it is retried"
    assert any(video["id"] in output for video in new), "one is listed"
    assert "<PartNumber>1</PartNumber>" in output
    assert '"healthy"' in output or "'healthy'" in output
    if language != "js":
        assert (folder / "thumbnail.jpg").read_bytes().startswith(b"\xff\xd8")
        assert "<PartNumber>3</PartNumber>" in output
        assert new[1]["size"] == _LARGE_BYTES


def test_the_first_upload_needs_only_curl(stack: RunningStack, folder: Path) -> None:
    code = recipe("With the API", GET_STARTED)["sh"].replace("127.0.0.1:8000", stack.api)
    output = run("sh", "-euc", code, folder=folder)
    video = stack.finished(json.loads(output)["id"])
    assert (video["filename"], video["status"]) == ("clip.mp4", "done")


def test_the_python_client_uploads_in_parts(stack: RunningStack, folder: Path) -> None:
    (folder / "upload.py").write_text(recipe(_RECIPES[1])["python"])
    output = run(sys.executable, "upload.py", "large.mp4", stack.api, folder=folder)
    video_id, duration, thumbnail = output.split()
    video = stack.client.get(f"/videos/{video_id}").json()
    assert (video["size"], video["media"]["duration"]) == (_LARGE_BYTES, duration)
    assert video["thumbnail"]["url"] == thumbnail


def test_the_python_client_says_what_was_wrong(
    stack: RunningStack, folder: Path, clips: Clips
) -> None:
    (folder / "upload.py").write_text(recipe(_RECIPES[1])["python"])
    for clip, said in ((clips["text.mp4"], "not a video"), (folder / "upload.py", "extension")):
        finished = subprocess.run(
            [sys.executable, folder / "upload.py", clip, stack.api],
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 1
        assert said in finished.stderr.splitlines()[-1]


def test_every_error_of_the_api_is_in_the_table() -> None:
    found = [kind for kind in vars(problems).values() if isinstance(kind, ProblemKind)]
    # Two kinds may differ in the seconds of their Retry-After alone.
    kinds = {(kind.status, kind.code): kind.title for kind in found}
    assert rows("Errors") == [
        f"| `{code}` | {status} | {kinds[status, code]} |" for status, code in sorted(kinds)
    ]
