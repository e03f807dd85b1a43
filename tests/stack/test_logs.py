"""What the functions log of real uploads: enough to follow one, and nothing that is private."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clips
from tests.running_stack import RunningStack, post_form
from tests.waiting import eventually

MARK = "hölidäy-with-Änne"
"""In each text that a client gives us."""

MARKS = [MARK, "with-", "h%C3%B6lid", "h\\u00f6lid", "hÃ¶lid"]
"""As it may come out, too: in part, quoted, escaped, or misread."""

FUNCTIONS = ("api", "processing", "upkeep")


class Logs:
    """What a stack writes from now on, and what must not be in it."""

    def __init__(self, home: Path) -> None:
        self._files = {name: home / "logs" / f"{name}.log" for name in FUNCTIONS}
        self._files["console"] = home / "output.txt"
        self._before = {name: file.stat().st_size for name, file in self._files.items()}
        self.of: dict[str, str] = {}
        self.secrets = list(json.loads((home / "credentials.json").read_text()).values())

    def read(self) -> None:
        for name, file in self._files.items():
            self.of[name] = file.read_bytes()[self._before[name] :].decode()

    def lines(self) -> list[dict[str, Any]]:
        """Return the functions' own lines. Others are the console's."""
        texts = [line for text in self.of.values() for line in text.splitlines()]
        return [json.loads(line) for line in texts if line.startswith("{")]


@pytest.fixture(scope="module")
def videos() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def logs(stack: RunningStack, clips: Clips, videos: dict[str, str]) -> Logs:
    """Do all that a client can do, with the mark in every text."""
    stack.await_events()
    found = Logs(stack.home)
    signatures = []
    client = stack.client
    videos["form"] = stack.upload_form(clips["tiny.mp4"], f"{MARK}.mp4")
    created = stack.create(clips["tiny.mp4"], f"{MARK}.mp4", passthrough=MARK)
    signatures.append(created["upload"]["fields"])
    assert post_form(created["upload"], clips["tiny.mp4"].read_bytes()).status_code == 204
    videos["signed"] = created["id"]
    bad = stack.create(clips["audio-only.mp4"], f"{MARK}.mp4")
    assert post_form(bad["upload"], clips["audio-only.mp4"].read_bytes()).status_code == 204
    videos["bad"] = bad["id"]
    for video_id in videos.values():
        stack.finished(video_id)
    assert client.post(f"/videos/{videos['bad']}/retry").status_code == 202
    stack.finished(videos["bad"])
    key = {"Idempotency-Key": "key-with-mark"}
    body = {"filename": f"{MARK}.mp4", "size": 5, "passthrough": MARK}
    for _ in range(2):
        videos["again"] = client.post("/videos", json=body, headers=key).json()["id"]
    client.post("/videos", json=body | {"size": 6}, headers=key)
    sign = f"/videos/{videos['again']}/upload/sign"
    signed = client.post(sign, json={"method": "GET", "uploadId": "id-with-mark"})
    signatures.append({"url": signed.json()["url"]})
    signatures.append(client.post(sign, json={"method": "PUT"}).json()["fields"])
    thumbnail = client.get(f"/videos/{videos['form']}/thumbnail")
    signatures.append({"url": thumbnail.headers["location"]})
    for wrong in ({"filename": f"{MARK}.txt"}, {MARK: MARK}, {"size": MARK}):
        assert client.post("/videos", json=body | wrong).is_client_error
    assert client.post(sign, json={"method": "PUT", "key": MARK}).is_client_error
    for path in (f"/{MARK}", f"/videos/{MARK}", f"/videos?cursor={MARK}"):
        assert client.get(path).is_client_error
    files = {"file": (f"{MARK}.txt", b"bytes")}
    assert client.post("/upload-video/", files=files).is_client_error
    assert client.delete(f"/videos/{videos['form']}").status_code == 204
    await_lines(found)
    for signature in signatures:
        found.secrets += [
            value.rpartition("Signature=")[2]
            for name, value in signature.items()
            if name.lower() in ("x-amz-signature", "policy", "url")
        ]
    return found


def await_lines(logs: Logs) -> None:
    """Read until the last thing that was done is there: an answer comes before its line."""

    def are_there() -> bool:
        logs.read()
        messages = [line["message"] for line in logs.lines()]
        return "video deleted" in messages and "unsupported_extension" in logs.of["api"]

    eventually(are_there)


def test_nothing_of_a_client_and_no_secret_is_in_any_log(logs: Logs) -> None:
    assert len(logs.secrets) == 2 + 2 + 1 + 2 + 1
    for name, text in logs.of.items():
        for forbidden in [*MARKS, *logs.secrets, "X-Amz-", "Traceback"]:
            assert forbidden not in text, (name, forbidden)


def test_the_steps_of_a_video_can_be_followed(logs: Logs, videos: dict[str, str]) -> None:
    steps = {
        name: [line["message"] for line in logs.lines() if line.get("video_id") == video_id]
        for name, video_id in videos.items()
    }
    processed = ["processing started", "video done"]
    failed = ["processing started", "video failed"]
    assert steps == {
        "form": ["upload received", "video deleted", *processed],
        "signed": ["upload signed", *processed],
        "bad": ["upload signed", "video retried", *failed, *failed],
        "again": [
            "upload signed",
            "request repeated",
            "request signed",
            "request signed",
            "refused",
        ],
    }


def test_every_step_has_its_request_and_its_numbers(logs: Logs) -> None:
    lines = [line for line in logs.lines() if "video_id" in line]
    assert all(line["request_id"] for line in lines)
    for line in lines:
        if line["message"] in ("video done", "video failed"):
            assert line["wall_ms"] > 0
            assert line["bytes_read"] > 0
        if line["message"] == "video failed":
            assert line["code"] == "no_video_stream"
        if line["message"] in ("upload received", "upload signed", "processing started"):
            assert line["size"] > 0


def test_metrics_clutter_no_log_of_this_machine(logs: Logs) -> None:
    assert not any("_aws" in text for text in logs.of.values())
