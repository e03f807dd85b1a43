"""Clients of the ancestor, as its README shows them: curl, requests, and a loop of uploads."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.clips import Clips
from tests.running_stack import RunningStack

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def curl(*arguments: str, directory: Path) -> str:
    command = ["curl", "--silent", "--show-error", *arguments]
    finished = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return finished.stdout


@pytest.fixture
def directory(clips: Clips) -> Path:
    return clips["test_video.mp4"].parent


@needs_curl
def test_the_flow_with_curl(stack: RunningStack, directory: Path) -> None:
    health = json.loads(curl("-X", "GET", f"{stack.api}/health", directory=directory))
    assert health["status"] == "healthy"
    # The explicit header is the README's; curl adds the boundary to it.
    form = ["-F", "file=@test_video.mp4", "-H", "Content-Type: multipart/form-data"]
    accepted = json.loads(
        curl("-X", "POST", f"{stack.api}/upload-video/", *form, directory=directory)
    )
    assert (accepted["filename"], accepted["status"]) == ("test_video.mp4", "pending")
    stack.finished(accepted["id"])
    status = curl("-X", "GET", f"{stack.api}/video-status/{accepted['id']}", directory=directory)
    assert json.loads(status) == {"id": accepted["id"], "status": "done"}
    metadata = json.loads(
        curl("-X", "GET", f"{stack.api}/video-metadata/{accepted['id']}", directory=directory)
    )
    assert metadata["duration"] == "00:00:10"
    # An old client saves the picture with a plain GET: there is no redirect to follow.
    curl("-f", "-o", "thumb.jpg", metadata["thumbnail_url"], directory=directory)
    assert (directory / "thumb.jpg").read_bytes().startswith(b"\xff\xd8\xff")


@needs_curl
def test_an_oversize_form_gets_its_answer(stack: RunningStack, directory: Path) -> None:
    with (directory / "large.mp4").open("wb") as file:
        file.truncate(100_000_001)
    arguments = ["-F", "file=@large.mp4", "-w", "\n%{http_code}", f"{stack.api}/upload-video/"]
    body, status = curl(*arguments, directory=directory).rsplit("\n", 1)
    assert (status, json.loads(body)["code"]) == ("413", "file_too_large")


def test_the_flow_with_requests(stack: RunningStack, directory: Path) -> None:
    with (directory / "test_video.mp4").open("rb") as file:
        sent = requests.post(
            f"{stack.api}/upload-video/",
            files={"file": ("test_video.mp4", file, "video/mp4")},
            timeout=30,
        )
    assert sent.status_code == 202
    video_id = sent.json()["id"]
    assert re.fullmatch("[0-9a-f]{24}", video_id)
    status = requests.get(f"{stack.api}/video-status/{video_id}", timeout=30)
    assert status.json()["status"] in ("pending", "processing", "done")
    metadata = requests.get(f"{stack.api}/video-metadata/{video_id}", timeout=30)
    assert set(metadata.json()) == {
        "filename",
        "upload_time",
        "status",
        "duration",
        "thumbnail_url",
        "file_size",
        "error_message",
    }


def test_an_oversize_form_gets_its_answer_with_requests_too(stack: RunningStack) -> None:
    """It sends everything before it listens, so the server has to hear it out."""
    files = {"file": ("large.mp4", bytes(101_500_000), "video/mp4")}
    response = requests.post(f"{stack.api}/upload-video/", files=files, timeout=60)
    assert response.status_code == 413


def test_statuses_move_from_pending_to_done_only_forwards(
    stack: RunningStack, clips: Clips
) -> None:
    order = ["pending", "processing", "done"]
    video_id = stack.upload_form(clips["hevc-10-bit.mov"])
    seen: list[str] = []
    deadline = time.monotonic() + 120
    while not seen or seen[-1] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.05)
        seen.append(stack.client.get(f"/video-status/{video_id}").json()["status"])
    assert seen == sorted(seen, key=order.index)


@needs_curl
def test_ten_uploads_with_curl_at_once(stack: RunningStack, directory: Path) -> None:
    command = ["curl", "-s", "-X", "POST", f"{stack.api}/upload-video/", "-F"]
    running = [
        subprocess.Popen([*command, "file=@test_video.mp4"], cwd=directory, stdout=subprocess.PIPE)
        for _ in range(10)
    ]
    ids = [json.loads(process.communicate()[0])["id"] for process in running]
    assert [stack.finished(video_id)["status"] for video_id in ids] == ["done"] * 10
