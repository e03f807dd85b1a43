"""`clipo retry` of many failed videos."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli.app import app
from clipo.client import http_client
from tests.fakes.httpx2_package import FakeHttpx2

API = "http://127.0.0.1:1"


class FailedVideos:
    """An API whose calls retry two of four videos each; another has no file any more."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.count = 5
        self.busy = 0
        """The number of calls that are refused because too many videos wait."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/videos/retry"
        body = json.loads(request.content)
        self.bodies.append(body)
        if body.get("limit") == 0:
            return report(remaining=self.count)
        if self.busy:
            self.busy -= 1
            problem = {"code": "too_many_retries", "detail": "100 wait."}
            return httpx2.Response(429, json=problem, headers={"Retry-After": "0"})
        if "cursor" not in body:
            return report(["1", "2"], remaining=3, next_cursor="next")
        gone = {"id": "3", "code": "source_gone", "message": "Video 3 has no file."}
        return report(["4", "5"], refused=[gone])


def report(retried: list[str] | None = None, **fields: Any) -> httpx2.Response:
    empty = {"retried": retried or [], "refused": [], "remaining": 0, "next_cursor": None}
    return httpx2.Response(202, json=empty | fields)


@pytest.fixture
def videos(monkeypatch: pytest.MonkeyPatch) -> FailedVideos:
    api = FailedVideos()
    monkeypatch.setattr(http_client, "httpx2", FakeHttpx2(api))
    return api


def retry(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["retry", *arguments, "--api", API])


def test_many_are_retried_some_at_a_time_and_reported(videos: FailedVideos) -> None:
    found = retry("--code", "timed_out", "--code", "out_of_memory", "--owner", "anna", "--yes")
    assert found.exit_code == 1, "one is refused"
    codes = {"codes": ["timed_out", "out_of_memory"], "owner": "anna"}
    assert videos.bodies == [codes | {"limit": 0}, codes, codes | {"cursor": "next"}]
    assert found.stderr.splitlines() == [
        "retried: 2, to do: 3",
        "Video 3 has no file. (source_gone)",
        "4 retried, 1 refused. Follow: CLIPO_API=http://127.0.0.1:1 clipo watch",
    ]


def test_the_report_is_json(videos: FailedVideos) -> None:
    found = retry("--all-failed", "--yes", "--json", "--quiet")
    gone = {"id": "3", "code": "source_gone", "message": "Video 3 has no file."}
    assert json.loads(found.stdout) == {"retried": 4, "refused": [gone]}
    assert videos.bodies[0] == {"limit": 0}


def test_a_time_is_a_condition(videos: FailedVideos) -> None:
    videos.count = 0
    found = retry("--since", "2026-01-02T00:00Z", "--until", "2026-01-03T00:00Z", "--yes")
    assert found.exit_code == 0
    assert found.stderr == (
        "No video has failed for a reason that may be gone now. To retry others all the same, name"
        " their ids or --code.\n"
    )
    assert videos.bodies == [
        {
            "created_after": "2026-01-02T00:00:00.000Z",
            "created_before": "2026-01-03T00:00:00.000Z",
            "limit": 0,
        }
    ]


def test_without_a_match_it_says_so(videos: FailedVideos) -> None:
    videos.count = 0
    assert retry("--code", "timed_out", "--yes").stderr == "No failed video matches.\n"


def test_it_waits_while_the_api_refuses_more(videos: FailedVideos) -> None:
    videos.busy = 3
    found = retry("--all-failed", "--yes")
    assert found.stderr.count("Waiting for workers") == 1
    assert "4 retried" in found.stderr


def test_without_a_terminal_it_needs_a_confirmation(videos: FailedVideos) -> None:
    found = retry("--all-failed")
    assert (found.exit_code, videos.bodies) == (2, [])
    assert "--yes" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["0" * 24, "--all-failed"], ["0" * 24, "--code", "x"]])
def test_it_takes_either_ids_or_options(videos: FailedVideos, arguments: list[str]) -> None:
    found = retry(*arguments, "--yes")
    assert (found.exit_code, videos.bodies) == (2, [])
    assert "either ids or options" in found.stderr
