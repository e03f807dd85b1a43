"""`clipo reprocess` of all videos with a result of an older release."""

from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli.app import app
from clipo.client import http_client
from tests.fakes.httpx2_package import FakeHttpx2


class DoneVideos:
    """An API with two done videos of release 0.1 and one of 0.2.0."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any]] = {
            digit * 24: {"release": release}
            for digit, release in {"1": None, "2": None, "3": "0.2.0"}.items()
        }
        self.reprocessed: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/videos":
            page = {"data": [self._video(one) for one in self.results], "has_more": False}
            return httpx2.Response(200, json=page | {"next_cursor": None})
        video_id = request.url.path.split("/")[2]
        before = self._video(video_id)
        if request.method == "GET":
            return httpx2.Response(200, json=before)
        self.reprocessed.append(video_id)
        self.results[video_id] = {"release": "0.2.0"}
        return httpx2.Response(202, json=before)

    def _video(self, video_id: str) -> dict[str, Any]:
        result = self.results[video_id]
        return {"id": video_id, "filename": "a.mp4", "status": "done", "processing": result}


@pytest.fixture
def videos(monkeypatch: pytest.MonkeyPatch) -> DoneVideos:
    api = DoneVideos()
    monkeypatch.setattr(http_client, "httpx2", FakeHttpx2(api))
    return api


def reprocess(*arguments: str) -> Result:
    command = ["reprocess", "--before", "0.2.0", *arguments, "--api", "http://127.0.0.1:1"]
    return CliRunner().invoke(app, command)


def test_older_results_are_replaced_and_counted(videos: DoneVideos) -> None:
    found = reprocess("--yes")
    assert found.exit_code == 0, found.output
    assert videos.reprocessed == ["1" * 24, "2" * 24]
    assert found.stderr == "2 of 2 reprocessed.\n"


def test_nothing_starts_without_a_confirmation(videos: DoneVideos) -> None:
    found = reprocess()
    assert (found.exit_code, videos.reprocessed) == (2, [])
    assert "--yes" in found.stderr
