"""The collections for Postman and Bruno: generated from the OpenAPI document, and run in order."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.core.api_keys import Root
from packages.collection import generate, postman
from packages.collection.steps import FOLDERS, OWNER
from tests.clips import Clips
from tests.credentials import admin_token, bearer
from tests.node_package import NODE
from tests.running_stack import RunningStack, running_stack

_NEWMAN = generate.FOLDER / "node_modules" / "newman" / "bin" / "newman.js"


def test_they_are_generated_from_the_present_openapi_document() -> None:
    assert generate.on_disk() == generate.files(), "run make collection"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path / "stack", ACCESS="keys", WEBHOOKS="true") as stack:
        yield stack


def api_key(stack: RunningStack) -> str:
    """Return an API key with all scopes."""
    root = Root(1, (stack.home / "root_secret").read_text())
    body = {"name": "collection", "scopes": ["upload", "read", "deliver", "write", "admin"]}
    made = stack.client.post("/keys", json=body, headers=bearer(admin_token(root)))
    return str(made.json()["key"])


@pytest.mark.long
def test_the_requests_run_in_order(closed: RunningStack, clips: Clips, tmp_path: Path) -> None:
    if not _NEWMAN.exists():
        pytest.skip("newman is not installed: run make setup")
    shutil.copy(clips["tiny.mp4"], tmp_path / "clip.mp4")
    variables = {
        "base_url": closed.api,
        "api_key": api_key(closed),
        "size": str(clips["tiny.mp4"].stat().st_size),
    }
    options = [
        word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")
    ]
    finished = subprocess.run(
        [NODE, _NEWMAN, "run", generate.FOLDER / postman.NAME, "--color", "off", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert all(f"❏ {folder}" in finished.stdout for folder in FOLDERS)
    of_webhooks = finished.stdout.partition("❏ Webhooks")[2].partition("❏ Legacy")[0]
    assert "[201 Created" in of_webhooks, "webhooks are on"
    headers = bearer(variables["api_key"])
    owned = closed.client.get("/videos", params={"owner": OWNER}, headers=headers).json()
    assert owned["data"] == []
