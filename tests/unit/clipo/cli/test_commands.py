"""What commands say, with an API in this process."""

import asyncio
import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli import piped, view
from clipo.cli.app import app
from clipo.cli.commands import image
from clipo.client import faults, logins, profiles, uploads
from functions.api.examples import DONE_VIDEO
from functions.core import picture_rules
from tests.scripted_api import Scripted

ID = "6b03911acf2b20c6f6841702"
OTHER = "6b03911acf2b20c6f6841703"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder without a stack, a login and a profile."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "CLIPO_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


def run(scripted: Scripted, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, [*arguments, "--api", scripted.url], input=typed)


def test_a_failed_video_is_reported_before_a_file_of_its_name(
    scripted: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "fake.mp4").touch()
    video: dict[str, Any] = {"id": ID, "filename": "fake.mp4", "status": "failed"}
    scripted.answers[f"GET /videos/{ID}"] = httpx2.Response(200, json=video)
    scripted.refuse(f"GET /videos/{ID}/source", 404, "video_failed", "It failed.")
    found = run(scripted, "download", ID)
    assert (found.exit_code, found.stderr) == (1, "It failed. (video_failed)\n")


def test_what_a_server_says_cannot_control_the_terminal(scripted: Scripted) -> None:
    scripted.refuse(f"GET /videos/{ID}", 400, "odd", "\x1b]0;title\x07\x1b[2J")
    found = run(scripted, "show", ID)
    assert found.stderr == "\\x1b]0;title\\x07\\x1b[2J (odd)\n"


@pytest.mark.parametrize(("count", "said"), [(1, "1 video"), (1200, "1,200 videos")])
def test_erased_videos_are_counted(scripted: Scripted, count: int, said: str) -> None:
    report = {"videos": count, "api_keys_left": 0, "finished": True}
    scripted.answers["POST /owners/erase"] = httpx2.Response(200, json=report)
    found = run(scripted, "erase", "--owner", "berta", "--yes")
    assert found.stdout == f"erased  berta  {said}\n"


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(0, "0 ms"), (999, "999 ms"), (62325, "62.3 s")]
)
def test_a_long_time_is_shown_in_seconds(milliseconds: int, said: str) -> None:
    assert view.elapsed(milliseconds) == said


def test_login_checks_the_address_before_it_reads_the_key(scripted: Scripted) -> None:
    scripted.answers["GET /health"] = httpx2.Response(200, text="another program")
    found = run(scripted, "login", typed="clipo_sk_key\n")
    assert found.exit_code == 1
    assert "is not Clipo" in found.stderr


@pytest.mark.parametrize("code", ["unauthenticated", "forbidden"])
def test_login_says_what_is_wrong_with_the_key_and_not_to_log_in(
    scripted: Scripted, code: str
) -> None:
    scripted.answers["GET /health"] = httpx2.Response(200, json={"message": "Clipo"})
    scripted.refuse("GET /me", 401, code, "Its checksum is wrong.")
    found = run(scripted, "login", typed="clipo_sk_key\n")
    assert found.exit_code == 1
    assert "Its checksum is wrong." in found.stderr
    assert f"Use a key for the API at {scripted.url}. ({code})\n" in found.stderr
    assert "clipo login" not in found.stderr


def test_login_says_that_an_address_has_a_path_too_many(scripted: Scripted) -> None:
    """A closed API refuses each path that it does not know, for want of a credential."""
    scripted.url += "/docs"
    scripted.refuse("GET /docs/health", 401, "unauthenticated")
    found = run(scripted, "login", typed="clipo_sk_key\n")
    assert found.exit_code == 1
    assert "probably should end before /docs." in found.stderr
    assert "clipo login" not in found.stderr


def test_login_says_where_a_key_comes_from(scripted: Scripted) -> None:
    scripted.answers["GET /health"] = httpx2.Response(200, json={"message": "Clipo"})
    found = run(scripted, "login", typed="")
    assert found.exit_code == 2
    assert "makes keys: clipo keys create --name NAME" in found.stderr


def test_a_token_needs_a_key_to_sign_it(scripted: Scripted) -> None:
    found = run(scripted, "token", "--owner", "anna")
    assert found.exit_code == 2
    assert found.stderr.startswith("A token is signed with an API key, and this command has none.")
    assert "An open Clipo needs neither" in found.stderr
    assert scripted.requests == []


def test_the_size_limit_of_a_token_may_have_a_unit(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", "clipo_sk_a")
    scripted.answers["POST /tokens"] = httpx2.Response(201, json={"token": "a.b.c"})
    assert run(scripted, "token", "--owner", "anna", "--max-bytes", "1GB").stdout == "a.b.c\n"
    assert json.loads(scripted.requests[-1].content)["max_bytes"] == 1_000_000_000


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ("keys list", "GET /keys"),
        ("keys revoke one two", "DELETE /keys/one"),
        ("webhooks list", "GET /webhooks"),
        ("webhooks remove one two --json", "DELETE /webhooks/one"),
    ],
)
@pytest.mark.parametrize(
    ("key", "status", "code"), [("", 401, "unauthenticated"), ("clipo_sk_a", 403, "forbidden")]
)
def test_what_only_the_operator_may_do_is_said_once(
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    call: str,
    key: str,
    status: int,
    code: str,
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", key)
    scripted.refuse(call, status, code, "This needs a credential with the scope admin.")
    found = run(scripted, *arguments.split())
    assert found.exit_code == 1
    login = "clipo login --api http://127.0.0.1:1"
    advice = {
        "unauthenticated": f"Log in: {login} (or set CLIPO_API_KEY)",
        "forbidden": f"Correct CLIPO_API_KEY, or unset it and log in: {login}",
    }
    assert found.stdout == ""
    assert found.stderr == (
        "Only the operator may do this: add --stack NAME for a stack in AWS, set CLIPO_HOME to the"
        " folder of the local stack, or use a key with the scope admin."
        f" {advice[code]} ({code})\n"
    )


def test_a_key_that_is_refused_is_reported_as_such(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", "clipo_sk_a")
    scripted.refuse("GET /keys", 401, "unauthenticated", "It has expired.")
    found = run(scripted, "keys", "list")
    assert found.stderr.startswith("Clipo refuses CLIPO_API_KEY: It has expired.")


def test_the_overview_of_a_closed_api_says_how_to_log_in(scripted: Scripted) -> None:
    scripted.refuse("GET /me", 401, "unauthenticated")
    found = CliRunner().invoke(app, ["--api", scripted.url])
    assert "unauthenticated" not in found.output
    assert "API          http://127.0.0.1:1 (closed: log in with an API key)" in found.output
    assert re.search(r"clipo login --api http://127.0.0.1:1 +log in with an API", found.output)
    assert f"CLIPO_API={scripted.url} clipo doctor" in found.output, "the same API"


def test_a_suggested_command_is_for_the_same_api(scripted: Scripted) -> None:
    command = f"CLIPO_API={scripted.url} clipo"
    scripted.answers["GET /webhooks"] = httpx2.Response(200, json={"data": []})
    page: dict[str, Any] = {"data": [], "next_cursor": None}
    scripted.answers["GET /webhooks/events"] = httpx2.Response(200, json=page)
    listed = run(scripted, "webhooks", "list")
    assert listed.stderr == f"There are no receivers. Add one: {command} webhooks add URL\n"
    logins.save(scripted.url, "clipo_sk_3kTMd9vQxYaB_x")
    assert f"{command} keys revoke 3kTMd9vQxYaB\n" in run(scripted, "logout").stderr
    assert f"{command} keys create --name NAME" in run(scripted, "token", "--owner", "a").stderr


def test_the_overview_of_another_api_names_commands_for_it(scripted: Scripted) -> None:
    me: dict[str, Any] = {"access": "open", "scopes": [], "owner": None}
    scripted.answers["GET /me"] = httpx2.Response(200, json=me)
    page = {"data": [], "has_more": False, "next_cursor": None}
    scripted.answers["GET /videos"] = httpx2.Response(200, json=page)
    found = CliRunner().invoke(app, ["--api", scripted.url])
    assert f"CLIPO_API={scripted.url} clipo list" in found.output
    found = CliRunner().invoke(app, [], env={"CLIPO_API": scripted.url})
    assert re.search(r"^  clipo list +list the videos$", found.output, re.MULTILINE)


def test_the_overview_shows_the_api_at_the_default_address(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", "clipo_sk_a")
    scripted.answers["GET /health"] = httpx2.Response(200, json={"message": "Clipo"})
    scripted.answers["GET /me"] = httpx2.Response(200, json={"access": "open"})
    video = {"id": ID, "filename": "beach.mp4", "status": "pending", "size": 5, "media": None}
    page = {"data": [video | {"created_at": "2026-11-28T12:00:00Z"}], "has_more": False}
    scripted.answers["GET /videos"] = httpx2.Response(200, json=page)
    found = CliRunner().invoke(app, [])
    api = "http://127.0.0.1:8000 (the default; open to every program on this machine)"
    assert f"  API          {api}\n" in found.stdout
    assert "Newest videos" in found.stdout
    assert re.search(r"^  clipo list +list the videos$", found.stdout, re.MULTILINE)
    assert "clipo up " not in found.stdout
    assert {str(request.url.copy_with(path="/", query=None)) for request in scripted.requests} == {
        "http://127.0.0.1:8000/"
    }


@pytest.mark.parametrize(
    "answer",
    [
        faults.Unreachable("Nothing answers.", refused=True),
        httpx2.Response(200, text="another program"),
        httpx2.Response(401, json={"detail": "Who are you?"}),
    ],
)
def test_the_overview_is_silent_about_a_default_address_without_clipo(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, answer: httpx2.Response | Exception
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", "clipo_sk_a")
    scripted.answers["GET /health"] = answer
    found = CliRunner().invoke(app, [])
    assert (found.exit_code, found.stderr) == (0, "")
    assert "\n  API  " not in found.stdout
    assert "clipo login --api URL" in found.stdout
    [request] = scripted.requests
    assert "authorization" not in request.headers, "another program gets no credential"


def test_the_overview_offers_a_profile_unless_an_api_answers(scripted: Scripted) -> None:
    for name in ("staging", "prod"):
        profiles.save(name, "https://clipo.example")
    scripted.answers["GET /health"] = faults.Unreachable("Nothing answers.", refused=True)
    shown = CliRunner().invoke(app, []).stdout
    assert re.search(r"^  clipo --profile prod list +list a profile's videos$", shown, re.MULTILINE)
    assert "--profile staging" not in shown, "one is enough"
    scripted.refuse("GET /me", 401, "unauthenticated")
    assert "--profile" not in CliRunner().invoke(app, ["--profile", "prod"]).stdout


def test_a_quiet_upload_says_why_a_video_failed(scripted: Scripted, tmp_path: Path) -> None:
    (tmp_path / "beach.mp4").write_bytes(b"video")
    video: dict[str, Any] = dict(DONE_VIDEO) | {"id": ID, "upload": None}
    failed = {"status": "failed", "error": {"code": "not_a_video", "message": "It is no video."}}
    scripted.answers["POST /videos"] = httpx2.Response(200, json=video)
    scripted.answers[f"GET /videos/{ID}"] = httpx2.Response(200, json=video | failed)
    found = run(scripted, "upload", "beach.mp4", "--quiet")
    assert (found.exit_code, found.stdout) == (1, f"{ID}\n")
    assert found.stderr == "beach.mp4: It is no video. (not_a_video)\n"


def test_a_recursive_upload_reports_a_folder_without_videos(
    scripted: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "emptyd").mkdir()
    found = run(scripted, "upload", "-r", "emptyd", "--quiet")
    assert (found.exit_code, found.stderr) == (1, "emptyd: There is no video in this folder.\n")
    said = run(scripted, "upload", "emptyd", "--quiet").stderr
    assert "or add --recursive, which takes the avi, flv, " in said


def test_a_recursive_upload_says_which_links_it_skips(scripted: Scripted, tmp_path: Path) -> None:
    (tmp_path / "trip").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "trip" / "link.mp4").symlink_to(tmp_path / "secret")
    found = run(scripted, "upload", "-r", "trip", "--json")
    assert (found.exit_code, [request.method for request in scripted.requests]) == (1, [])
    assert found.stderr == (
        "Skipped trip/link.mp4: it is a link to a file outside the folder. To upload that file,"
        " name it.\n"
        "trip: There is no video in this folder.\n"
    )


def test_a_list_takes_several_statuses(scripted: Scripted) -> None:
    page = {"data": [], "has_more": False, "next_cursor": None}
    scripted.answers["GET /videos"] = httpx2.Response(200, json=page)
    run(scripted, "list", "--status", "done", "--status", "Failed")
    assert scripted.requests[0].url.params.get_list("status") == ["done", "failed"]


def test_a_download_of_several_videos_needs_a_folder(scripted: Scripted, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    several = ("download", ID, OTHER, "-o")
    found = run(scripted, *several, "d2")
    said = "There is no folder d2. To create it, add a slash: -o d2/\n"
    assert (found.exit_code, found.stderr) == (2, said)
    assert "Several videos need a folder" in run(scripted, *several, "file").stderr


def test_a_download_creates_a_folder_that_ends_with_a_slash(
    scripted: Scripted, tmp_path: Path
) -> None:
    for video_id in (ID, OTHER):
        scripted.refuse(f"GET /videos/{video_id}", 404, "video_not_found")
    found = run(scripted, "download", ID, OTHER, "-o", "new/d2/")
    assert (found.exit_code, (tmp_path / "new/d2").is_dir()) == (1, True)
    (tmp_path / "file").touch()
    found = run(scripted, "download", ID, "-o", "file/")
    assert (found.exit_code, found.stderr) == (1, "file cannot be created: File exists.\n")


def test_downloads_of_one_name_become_several_files(scripted: Scripted, tmp_path: Path) -> None:
    for video_id in (ID, OTHER):
        video = {"id": video_id, "filename": "beach.mp4", "size": 1}
        source = {"url": f"{scripted.url}/{video_id}"}
        scripted.answers[f"GET /videos/{video_id}"] = httpx2.Response(200, json=video)
        scripted.answers[f"GET /videos/{video_id}/source"] = httpx2.Response(200, json=source)
        scripted.answers[f"GET /{video_id}"] = httpx2.Response(
            206, headers={"content-range": "bytes 0-0/1"}, content=video_id[-1:].encode()
        )
    found = run(scripted, "download", ID, OTHER)
    assert (found.exit_code, (tmp_path / "beach.mp4").read_text()) == (0, "2")
    assert (tmp_path / "beach-2.mp4").read_text() == "3"
    again = run(scripted, "download", ID, OTHER).stderr.splitlines()
    exists = "exists: add --force to replace it, or name another file."
    assert again == [f"{ID}: beach.mp4 {exists}", f"{OTHER}: beach-2.mp4 {exists}"]


@pytest.mark.parametrize(
    ("name", "address", "file"),
    [
        ("image", "image.jpg", "beach.jpg"),
        ("storyboard", "storyboard.jpg", "beach-storyboard.jpg"),
    ],
)
def test_a_picture_in_a_folder_has_the_name_of_the_video(
    scripted: Scripted, tmp_path: Path, name: str, address: str, file: str
) -> None:
    (tmp_path / "trip").mkdir()
    video = {"id": ID, "filename": "beach.mp4"}
    scripted.answers[f"GET /videos/{ID}"] = httpx2.Response(200, json=video)
    scripted.answers[f"GET /videos/{ID}/{address}"] = httpx2.Response(200, content=b"jpeg")
    found = run(scripted, name, ID, "-o", "trip")
    assert (found.exit_code, found.stderr) == (0, "")
    assert (tmp_path / "trip" / file).read_bytes() == b"jpeg"


def test_a_dry_run_counts_the_named_videos_that_exist(scripted: Scripted) -> None:
    created = datetime.now(UTC) - timedelta(hours=2)
    video = {"id": ID, "filename": "beach.mp4", "status": "done", "created_at": str(created)}
    scripted.answers[f"GET /videos/{ID}"] = httpx2.Response(200, json=video | {"size": 5})
    scripted.refuse(f"GET /videos/{OTHER}", 404, "video_not_found")
    found = run(scripted, "delete", ID, OTHER, "--dry-run")
    assert (found.exit_code, found.stderr) == (0, "1 video would be deleted.\n")
    assert found.stdout == f"{ID}  2 hours ago     beach.mp4\n"
    assert json.loads(run(scripted, "delete", ID, "--dry-run", "--json").stdout)["first"] == [video]
    assert {request.method for request in scripted.requests} == {"GET"}
    counted = run(scripted, "delete", OTHER, "--dry-run", "--json").stdout
    assert json.loads(counted) == {
        "dry_run": True,
        "found": 0,
        "first": [],
        "deleted": 0,
        "left": [],
    }


def test_standard_input_is_read_after_cheap_checks(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(piped, "save", read.append)
    notes = run(scripted, "upload", "-", "--name", "notes.txt")
    assert (notes.exit_code, scripted.requests) == (2, [])
    assert notes.stderr.startswith("--name must end with a supported extension: avi, ")
    scripted.refuse("GET /me", 401, "unauthenticated")
    refused = run(scripted, "upload", "-", "--name", "camera.mp4")
    assert (refused.exit_code, read) == (1, [])
    assert "The API needs a credential." in refused.stderr


def test_ctrl_c_while_standard_input_is_read_promises_no_resume(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    (tmp_path / "beach.mp4").write_bytes(b"video")
    monkeypatch.setattr(piped, "save", interrupt)
    scripted.answers["GET /me"] = httpx2.Response(200, json={"access": "open"})
    found = run(scripted, "upload", "beach.mp4", "-", "--name", "camera.mp4")
    said = "Reading the video from standard input.\n\nStopped.\n"
    assert (found.exit_code, found.stderr) == (130, said)


@pytest.mark.parametrize("status", [204, 403])
def test_ctrl_c_deletes_the_video_of_standard_input_which_cannot_be_resumed(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    async def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(60)

    def save(file: Path) -> None:
        file.write_bytes(b"video")

    (tmp_path / "beach.mp4").write_bytes(b"video")
    monkeypatch.setattr(piped, "save", save)
    monkeypatch.setattr(uploads, "send", interrupt)
    scripted.answers["GET /me"] = httpx2.Response(200, json={"access": "open"})
    scripted.answers["POST /videos"] = httpx2.Response(201, json={"id": ID})
    scripted.answers[f"DELETE /videos/{ID}"] = httpx2.Response(status, json={"code": "forbidden"})
    found = run(scripted, "upload", "-", "--name", "camera.mp4")
    assert (found.exit_code, found.stderr.splitlines()[-1]) == (130, "Stopped.")
    assert scripted.requests[-1].method == "DELETE"
    scripted.requests.clear()
    found = run(scripted, "upload", "beach.mp4")
    assert found.stderr.endswith("\nStopped. Run the same command again to resume.\n")
    assert "DELETE" not in {request.method for request in scripted.requests}


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("query.w: Too small.; query.t: Odd.", "--width: Too small.; --time: Odd."),
        ("body.codes.0: Odd.", "--code: Odd."),
        ("body.name: must have at least 1 character", "--name: must have at least 1 character"),
        (
            "body.passthrough: Odd.; body.visibility: Odd.",
            "--passthrough: Odd.; --visibility: Odd.",
        ),
        ("body: Odd. Leave statuses out.", "Odd. Leave --status out."),
        ("For one owner only. Leave owner out.", "For one owner only. Leave --owner out."),
    ],
)
def test_a_refusal_names_options_in_place_of_fields(
    scripted: Scripted, detail: str, said: str
) -> None:
    scripted.refuse("GET /videos", 422, "invalid_request", detail)
    assert run(scripted, "list").stderr == f"{said} (invalid_request)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("upload", "https://x.example/a.mp4"),
            "Upload files, not addresses: curl -L URL | clipo upload - --name clip.mp4\n",
        ),
        (("list", "--all", "-n", "2"), "Give either --all or --limit.\n"),
        (
            ("sample", "beach.mkv"),
            "The sample is an MP4 file, but beach.mkv does not end with .mp4.\n",
        ),
        (("delete", "--since", "1d", "--until", "2d"), "--until is before --since.\n"),
        (("retry", "--until", "2025-12-31", "--since", "2026-01-01"), "--until is before --since."),
        (("list", "--api", ""), "--api must be an address like"),
        (("--api", "", "list"), "--api must be an address like"),
    ],
)
def test_what_the_command_cannot_do_as_typed_is_misuse(
    scripted: Scripted, arguments: tuple[str, ...], said: str
) -> None:
    found = CliRunner().invoke(app, arguments)
    assert (found.exit_code, scripted.requests) == (2, [])
    assert found.stderr.startswith(said)


def test_a_repeated_delete_says_in_json_that_the_video_was_gone(scripted: Scripted) -> None:
    scripted.refuse(f"GET /videos/{ID}", 404, "video_not_found")
    scripted.answers[f"DELETE /videos/{ID}"] = httpx2.Response(204)
    found = run(scripted, "delete", ID, "--yes", "--json")
    assert json.loads(found.stdout) == {"id": ID, "status": "gone"}


@pytest.mark.parametrize("path", ["#/videos", "videos"])
def test_an_address_stands_for_the_id_of_its_video(scripted: Scripted, path: str) -> None:
    scripted.refuse(f"GET /videos/{ID}", 404, "video_not_found")
    found = run(scripted, "show", f"{scripted.url}/{path}/{ID}")
    assert (found.exit_code, found.stderr) == (1, "No. (video_not_found)\n")


def test_the_address_of_a_video_at_another_api_is_refused(scripted: Scripted) -> None:
    found = run(scripted, "delete", f"https://other.example/#/videos/{ID}", "--yes")
    assert (found.exit_code, scripted.requests) == (2, [])
    assert found.stderr == (
        "The video is at https://other.example:443, but this command uses http://127.0.0.1:1: add"
        " --api https://other.example:443.\n"
    )


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("0:02", "2"), ("00:00:02", "2"), ("1:01:02.5", "3662.5"), ("12.5", "12.5"), ("10%", "10%")],
)
def test_a_moment_may_have_the_form_in_which_lists_show_it(
    scripted: Scripted, typed: str, sent: str
) -> None:
    path = f"/videos/{ID}/image.jpg"
    scripted.refuse(f"GET {path}", 404, "video_not_found")
    run(scripted, "image", ID, "-t", typed, "-o", "a.jpg")
    assert scripted.requests[-1].url.params["t"] == sent


def test_a_wrong_picture_is_refused_before_a_file_of_its_name(
    scripted: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").touch()
    for option, value, said in [
        ("-w", "0", "at least 16"),
        ("-w", "4097", "at most 4096"),
        ("--height", "15", "at least 16"),
        ("-t", "150%", "'150%' is more than 100%"),
        ("-t", "100.1%", "'100.1%' is more than 100%"),
    ]:
        found = run(scripted, "image", ID, option, value, "-o", "a.jpg")
        assert (found.exit_code, scripted.requests) == (2, []), value
        assert said in found.stderr


def test_the_command_knows_the_limits_of_pictures() -> None:
    ours = (image.SMALLEST_SIDE, image.LARGEST_SIDE)
    assert ours == (picture_rules.SMALLEST_SIDE, picture_rules.LARGEST_SIDE)


@pytest.mark.parametrize("group", ["keys", "webhooks"])
def test_rm_removes_keys_and_receivers_too(scripted: Scripted, group: str) -> None:
    scripted.answers[f"DELETE /{group}/one"] = httpx2.Response(204)
    assert run(scripted, group, "rm", "one").exit_code == 0
