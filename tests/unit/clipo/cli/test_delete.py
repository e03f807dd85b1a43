"""`clipo delete` of many videos."""

import json
import re
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli.app import app
from clipo.cli.commands import delete as module
from clipo.client import http_client
from tests.fakes.httpx2_package import FakeHttpx2

API = "http://127.0.0.1:1"
ID = "6b070696ca53166161ffad51"
FIRST = {"id": "1", "filename": "a\x1b.mp4", "status": "failed", "created_at": "2026-01-02T00:00Z"}
OTHER = FIRST | {"id": "2"}
LEFT = {"id": "3", "code": "changed", "message": "Video 3 has changed."}


class ManyVideos:
    """An API whose calls delete two of four videos each; another one is left."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.count = 5
        self.left = LEFT
        self.readable = True

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/videos/delete"
        body = json.loads(request.content)
        self.bodies.append(body)
        if body.get("dry_run"):
            first = [FIRST, OTHER][: self.count] if self.readable else []
            return report(found=self.count, first=first, remaining=self.count, dry_run=True)
        if "cursor" not in body:
            return report(["1", "2"], left=[self.left], remaining=2, next_cursor="next")
        return report(["4", "5"])


def report(deleted: list[str] | None = None, **fields: Any) -> httpx2.Response:
    empty = {"dry_run": False, "found": 0, "deleted": deleted or [], "left": [], "remaining": 0}
    return httpx2.Response(200, json=empty | {"next_cursor": None} | fields)


@pytest.fixture
def videos(monkeypatch: pytest.MonkeyPatch) -> ManyVideos:
    api = ManyVideos()
    monkeypatch.setattr(http_client, "httpx2", FakeHttpx2(api))
    return api


class _WithTerminal:
    """The module `sys`, with a terminal as stdin."""

    class stdin:  # noqa: N801 (its name there)
        isatty = staticmethod(lambda: True)


def delete(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["delete", *arguments, "--api", API])


def test_many_are_deleted_some_at_a_time_and_reported(videos: ManyVideos) -> None:
    found = delete("--code", "corrupt", "--code", "not_a_video", "--owner", "anna", "--yes")
    assert found.exit_code == 1, "one is left"
    selected = {"codes": ["corrupt", "not_a_video"], "owner": "anna"}
    assert videos.bodies == [
        selected | {"dry_run": True},
        selected,
        selected | {"cursor": "next"},
    ]
    assert found.stderr.splitlines() == [
        "Video 3 has changed. (changed)",
        "deleted: 2, to do: 2",
        "4 deleted, 1 left.",
    ]


def test_the_report_is_json(videos: ManyVideos) -> None:
    found = delete("--all-failed", "--yes", "--json", "--quiet")
    expected = {"dry_run": False, "found": 5, "deleted": 4, "left": [LEFT]}
    assert json.loads(found.stdout) == expected
    assert videos.bodies[0] == {"statuses": ["failed"], "dry_run": True}


@pytest.mark.parametrize(
    ("arguments", "conditions"),
    [
        (["--status", "done", "--status", "failed"], {"statuses": ["done", "failed"]}),
        (["--owner", "anna", "--purge"], {"owner": "anna", "purge": True}),
        (
            ["--since", "2026-01-02T00:00Z", "--until", "2026-01-03T00:00Z"],
            {
                "created_after": "2026-01-02T00:00:00.000Z",
                "created_before": "2026-01-03T00:00:00.000Z",
            },
        ),
    ],
)
def test_the_options_are_conditions(
    videos: ManyVideos, arguments: list[str], conditions: dict[str, Any]
) -> None:
    delete(*arguments, "--yes")
    assert videos.bodies[:2] == [conditions | {"dry_run": True}, conditions]


def test_an_empty_owner_selects_nothing(videos: ManyVideos) -> None:
    for command in ("delete", "retry"):
        words = [command, "--all-failed", "--owner", "", "--yes", "--api", API]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 2
        assert "--owner" in found.stderr
        assert "is empty" in found.stderr
    assert videos.bodies == []


def test_a_dry_run_needs_no_confirmation_and_deletes_nothing(videos: ManyVideos) -> None:
    videos.count = 1
    found = delete("--all-failed", "--dry-run", "--yes")
    assert (found.exit_code, found.stderr) == (0, "1 video would be deleted.\n")
    assert re.fullmatch(r"1  [\d,]+ days ago +a\\x1b\.mp4\n", found.stdout)
    assert all(body["dry_run"] for body in videos.bodies)
    counted = json.loads(delete("--all-failed", "--dry-run", "--json").stdout)
    assert counted == {"dry_run": True, "found": 1, "first": [FIRST], "deleted": 0, "left": []}


@pytest.mark.parametrize(
    ("count", "rest", "total"),
    [(39, "and 37 more\n", "39 videos"), (10_000, "and many more\n", "10,000 or more videos")],
)
def test_a_dry_run_names_the_first_videos(
    videos: ManyVideos, count: int, rest: str, total: str
) -> None:
    videos.count = count
    found = delete("--all-failed", "--dry-run")
    assert [line[:1] for line in found.stdout.splitlines()] == ["1", "2"]
    assert found.stderr == f"{rest}{total} would be deleted.\n"
    assert delete("--all-failed", "--dry-run", "--quiet").output == ""
    videos.readable = False
    found = delete("--all-failed", "--dry-run")
    assert (found.stdout, found.stderr) == ("", f"{total} would be deleted.\n")


def test_without_a_match_it_says_so(videos: ManyVideos) -> None:
    videos.count = 0
    assert delete("--code", "corrupt", "--yes").stderr == "No video matches.\n"
    assert len(videos.bodies) == 1


def test_a_dry_run_without_a_match_names_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = report(found=0, first=[FIRST])
    monkeypatch.setattr(http_client, "httpx2", FakeHttpx2(lambda _: answer))
    found = delete("--all-failed", "--dry-run")
    assert (found.stdout, found.stderr) == ("", "No video matches.\n")


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize(
    ("options", "question"),
    [([], "Delete 5 videos?"), (["--purge"], "Delete 5 videos for good?")],
)
def test_it_asks_with_the_number(
    videos: ManyVideos,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    question: str,
    *,
    answer: bool,
) -> None:
    asked: list[str] = []

    def confirm(text: str, *, otherwise: str) -> bool:
        assert otherwise == "Nothing is deleted."
        asked.append(text)
        return answer

    monkeypatch.setattr(module, "confirm", confirm)
    monkeypatch.setattr(module, "sys", _WithTerminal)
    found = delete("--all-failed", *options)
    assert (asked, found.exit_code) == ([question], 1)
    assert re.match(r"1  .* ago +a\\x1b\.mp4\n2  .*\nand 3 more\n", found.stderr)
    assert len(videos.bodies) == (3 if answer else 1)


def test_it_stops_when_the_storage_fails(videos: ManyVideos) -> None:
    videos.left = {"id": "3", "code": "storage_unavailable", "message": "Files may be left."}
    found = delete("--all-failed", "--yes")
    assert (found.exit_code, len(videos.bodies)) == (1, 2)
    assert found.stderr.splitlines()[-1] == (
        "2 deleted, 1 left. Not tried: 2. Repeat the command later."
    )


def test_without_a_terminal_it_needs_a_confirmation(videos: ManyVideos) -> None:
    found = delete("--all-failed")
    assert (found.exit_code, videos.bodies) == (2, [])
    assert "--yes" in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--purge"],
        ["--dry-run"],
        [ID, "--all-failed"],
        [ID, "--code", "corrupt"],
        ["--all-failed", "--status", "done"],
        ["--status", "gone"],
    ],
)
def test_it_takes_either_ids_or_options(videos: ManyVideos, arguments: list[str]) -> None:
    found = delete(*arguments, "--yes")
    assert (found.exit_code, videos.bodies) == (2, [])
