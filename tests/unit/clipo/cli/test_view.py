import io
import re
from contextlib import redirect_stdout
from typing import Any

import pytest
from rich.console import Console, RenderableType

from clipo.cli import view
from clipo.cli.bars import short_time
from clipo.cli.terminal import Terminal
from clipo.cli.view import plain, size
from functions.api.examples import DONE_VIDEO
from tests.fakes.screen import Screen

FAILED: dict[str, Any] = dict(DONE_VIDEO) | {
    "status": "failed",
    "media": None,
    "thumbnail": None,
    "error": {"code": "timed_out", "message": "It took too long.", "retryable": True},
}


def printed(shown: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, color_system=None)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


KEY: dict[str, Any] = {
    "id": "IvCjAfLdpqMB",
    "name": "web server",
    "scopes": ["upload", "read", "deliver", "write"],
    "owner": None,
    "expires_at": None,
    "last_used_at": None,
    "root_generation": 1,
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clip 😀 👩‍🚀.mp4", "clip 😀 👩‍🚀.mp4"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("gpj.\u202e4pm", "gpj.\\u202e4pm"),
        ("\udcff.mp4", "\\udcff.mp4"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_a_name_cannot_affect_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [("2026-01-02T00:00:00", "2026-01-02T00:00:00"), ("\x1b[2J", "\\x1b[2J"), ("", "")],
)
def test_a_video_to_delete_is_named_whatever_the_server_says(moment: str, shown: str) -> None:
    video = {"id": "1\x1b[1A", "filename": "a.mp4", "created_at": moment}
    assert view.to_delete(video) == f"1\\x1b[1A  {shown:14}  a.mp4"


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("video", [DONE_VIDEO, FAILED], ids=["done", "failed"])
def test_every_view_fits_the_width(video: dict[str, Any], width: int) -> None:
    long = video | {"filename": "[red]" + "a long name " * 20}
    for shown in (
        view.details(long, program="clipo"),
        view.listing([long], width=width),
        view.result(long, name=long["filename"]),
    ):
        lines = printed(shown, width)
        assert all(len(line) <= width for line in lines)
        assert any("[red]a long" in line for line in lines)
    listed = "\n".join(printed(view.listing([video, long], width=width), width))
    assert listed.count(video["id"]) == 2, "to be copied"


def test_the_browsers_that_play_a_video_are_shown() -> None:
    shown = "\n".join(printed(view.details(DONE_VIDEO, program="clipo"), 100))
    assert "Browsers     All browsers play the video." in shown


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("truncated", "The end of the file is missing, so a player may stop early."),
        ("dolby_vision_5", "so the thumbnail is grey."),
        ("from_a_newer_api", "from_a_newer_api"),
    ],
)
def test_a_warning_is_shown_wherever_a_video_is(code: str, said: str) -> None:
    video: dict[str, Any] = dict(DONE_VIDEO) | {"warnings": [code]}
    for shown in (
        view.details(video, program="clipo"),
        view.result(video, name="clip.mp4"),
        view.change(video),
    ):
        assert said in "\n".join(printed(shown, 250))


def test_a_warning_is_yellow() -> None:
    assert [one.style for one in view.warnings({"warnings": ["truncated"]})] == ["yellow"]


@pytest.mark.parametrize("width", [40, 80, 99, 100, 130, 200])
def test_a_long_name_leaves_room_for_all_facts(width: int) -> None:
    long = dict(DONE_VIDEO) | {"filename": "a" * 250}
    listed = "\n".join(printed(view.listing([DONE_VIDEO, long], width=width), width))
    for known in (DONE_VIDEO["id"], "done", view.when(DONE_VIDEO["created_at"]), "00:00:30"):
        assert listed.count(known) == 2
    assert listed.count(size(DONE_VIDEO["size"])) == 2
    assert DONE_VIDEO["filename"] in listed


def test_a_pipe_gets_the_whole_name() -> None:
    long = dict(DONE_VIDEO) | {"filename": "a" * 255}
    assert any("a" * 255 in line for line in printed(view.listing([long], width=10_000), 10_000))


def test_the_details_describe_each_stream() -> None:
    shown = "\n".join(printed(view.details(DONE_VIDEO, program="clipo"), 80))
    assert "video, h264 High 4.0, 8 bits" in shown
    assert "audio, aac, stereo, eng" in shown


def test_a_failed_video_shows_its_error_and_the_next_step() -> None:
    text = "\n".join(printed(view.details(FAILED, program="clipo"), 80))
    assert "It took too long. (timed_out)" in text
    assert f"retry {FAILED['id']}" in text
    final = FAILED | {"error": FAILED["error"] | {"retryable": False}}
    assert " retry " not in "\n".join(printed(view.details(final, program="clipo"), 80))


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (75.4, "1:15"), (3661, "1:01:01")])
def test_a_time_is_shown_briefly(seconds: float, shown: str) -> None:
    assert short_time(seconds) == shown


ME: dict[str, Any] = {
    "credential": "token",
    "owner": "anna",
    "scopes": ["upload"],
    "key_id": "3kTMd9vQxYaB",
    "video_id": None,
    "expires_at": None,
    "access": "keys",
    "limits": {"video_bytes": 5_000_000_000, "video_duration_s": 90, "videos": 1000, "bytes": None},
    "usage": {"videos": 7, "bytes": 2_500_000},
}


def test_a_caller_sees_its_limits_and_their_use() -> None:
    shown = "\n".join(printed(view.caller(ME, api="http://x", source="y"), 100))
    assert "Limits      5.0 GB and 90 s for each video" in shown
    assert "Used        7 of 1,000 videos" in shown
    assert view.quota(ME | {"usage": None}) is None
    both = {"videos": 10, "bytes": 5_000_000}
    assert view.quota(ME | {"limits": both}) == "7 of 10 videos, 2.5 MB of 5.0 MB"


@pytest.mark.parametrize(
    ("api", "said"),
    [("http://127.0.0.1:8000", "every program on this machine"), ("http://x", "everyone")],
)
def test_a_caller_sees_to_whom_an_open_api_is_open(api: str, said: str) -> None:
    shown = view.caller(ME | {"access": "open"}, api=api, source="y")
    assert f"(open to {said})" in "\n".join(printed(shown, 100))


def test_a_caller_of_an_older_release_has_no_limits() -> None:
    old = {name: one for name, one in ME.items() if name not in ("limits", "usage")}
    assert "Limits" not in "\n".join(printed(view.caller(old, api="http://x", source="y"), 100))


def test_grids_of_one_name_width_have_aligned_values() -> None:
    rows = [("Local stack", "x"), ("API", "x")]
    apart = [printed(view.grid([row], name_width=len("Local stack")), 40)[0] for row in rows]
    assert [line.index("x") for line in apart] == [15, 15]


def test_a_new_key_stays_whole_so_that_it_can_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = KEY | {"key": "clipo_sk_" + "k" * 62, "signing_secret": "s" * 43}
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(Screen()) as screen:
        Terminal().write(view.new_key(key))
    assert re.sub(r"\x1b\[\d*m", "", screen.getvalue()).splitlines()[-2:] == [
        f"  Key             {key['key']}",
        f"  Signing secret  {key['signing_secret']}",
    ]


def test_keys_are_a_table_if_there_is_room() -> None:
    table = printed(view.keys([KEY, KEY], width=100), 100)
    assert [line.split()[0] for line in table] == ["ID", KEY["id"], KEY["id"]]
    narrow = printed(view.keys([KEY, KEY], width=40), 40)
    assert [line.rstrip() for line in narrow[:3]] == [
        "  ID         IvCjAfLdpqMB",
        "  Name       web server",
        "  Scopes     upload read deliver write",
    ]
    assert [line for line in narrow if not line.strip()] == [""], "one between the two"


def test_an_expired_key_is_marked() -> None:
    ends = {"expired": "2026-01-02T12:00:00Z", "valid": "2999-01-02T12:00:00Z", "endless": None}
    keys = [KEY | {"id": name, "expires_at": moment} for name, moment in ends.items()]
    table = printed(view.keys(keys, width=200), 200)
    assert [line.split()[0] for line in table if "(expired)" in line] == ["expired"]


def test_narrow_receivers_and_deliveries_show_whole_ids() -> None:
    receiver = {"id": "r" * 24, "url": "https://app.example.com/hook", "events": ["video.done"]}
    shown = view.receivers([receiver | {"owner": None, "enabled": True}], width=60)
    assert f"  ID      {'r' * 24}" in [line.rstrip() for line in printed(shown, 60)]
    one: dict[str, Any] = {
        "id": "d" * 36,
        "type": "video.done",
        "video_id": "v" * 24,
        "status": "delivered",
        "created_at": "2026-11-29T16:13:24.687Z",
        "attempts": [{"reason": "200"}],
    }
    lines = [line.rstrip() for line in printed(view.deliveries([one], width=100), 100)]
    assert f"  Video     {'v' * 24}" in lines
    assert f"  ID        {'d' * 36}" in lines
