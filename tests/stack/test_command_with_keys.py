"""The `clipo` command against a local stack that needs credentials, and against one in AWS."""

import json
import re
import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.clips import Clips
from tests.command import Command
from tests.running_stack import RunningStack, running_stack
from tests.waiting import eventually


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("closed"), ACCESS="keys") as stack:
        yield stack


@pytest.fixture
def operator(closed: RunningStack, tmp_path: Path) -> Command:
    """Return the command of the user who runs the stack."""
    return a_command(tmp_path / "operator", CLIPO_HOME=str(closed.home))


@pytest.fixture
def stranger(closed: RunningStack, tmp_path: Path) -> Command:
    """Return the command of a user who knows the address alone."""
    return a_command(tmp_path / "stranger", CLIPO_API=closed.api)


def a_command(folder: Path, **environ: str) -> Command:
    folder.mkdir()
    places = {
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    return Command(places | environ, folder)


def new_key(operator: Command, *options: str) -> dict[str, str]:
    key: dict[str, str] = operator.json("keys", "create", "--name", "a test", *options)
    assert key.keys() == {"id", "key", "signing_secret"}
    return key


def log_in(command: Command, key: str) -> None:
    finished = command.shell(f"clipo login <<< {shlex.quote(key)}")
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr
    assert key not in finished.stderr


def test_the_operator_uses_the_stack_without_ceremony(
    operator: Command, clips: Clips, closed: RunningStack
) -> None:
    shutil.copy(clips["tiny.mp4"], operator.folder)
    video_id = operator.run("upload", "tiny.mp4", "--quiet").stdout.strip()
    assert [video["id"] for video in operator.json("list")] == [video_id]
    assert operator.run("delete", video_id, "--yes").returncode == 0
    assert operator.json("list") == []
    assert operator.json("whoami")["credential"] == "admin"
    secret = (closed.home / "root_secret").read_text()
    assert secret not in operator.run("whoami").stdout


def test_the_welcome_names_commands_that_work_in_any_folder(
    closed: RunningStack, operator: Command
) -> None:
    operator.environ.pop("CLIPO_HOME")
    (line,) = [line for line in closed.output.splitlines() if "keys create" in line]
    finished = operator.shell(line.replace("--name NAME", "--name welcome --json"))
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["key"].startswith("clipo_sk_")


def test_a_stranger_is_told_to_log_in(stranger: Command, closed: RunningStack) -> None:
    finished = stranger.run("list")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert f"clipo login --api {closed.api} (or set CLIPO_API_KEY)" in finished.stderr
    refused = stranger.run("keys", "list")
    assert refused.returncode == 1
    assert "add --stack NAME" in refused.stderr


def test_a_login_is_kept_until_the_logout(operator: Command, stranger: Command) -> None:
    key = new_key(operator)
    log_in(stranger, key["key"])
    file = Path(stranger.environ["XDG_CONFIG_HOME"], "clipo", "logins.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stranger.json("list") == []
    assert stranger.json("whoami")["key_id"] == key["id"]
    found = {one["name"]: one["state"] for one in stranger.json("doctor")}
    assert (found["Access"], found["Login"], found["Storage"]) == ("ok", "ok", "ok")
    finished = stranger.run("logout")
    assert finished.returncode == 0
    assert f"clipo keys revoke {key['id']}\n" in finished.stderr
    assert stranger.run("list").returncode == 1
    broken = stranger.run("doctor", "--json")
    assert broken.returncode == 1
    assert {one["name"]: one["state"] for one in json.loads(broken.stdout)}["Login"] == "broken"


def test_a_profile_names_an_api_and_its_key(
    operator: Command, stranger: Command, closed: RunningStack
) -> None:
    del stranger.environ["CLIPO_API"]
    key = new_key(operator)
    unnamed = stranger.shell(f"clipo login --profile staging <<< {key['key']}")
    assert unnamed.returncode == 2
    assert "Name the API of the profile" in unnamed.stderr
    made = stranger.shell(f"clipo login --profile staging --api {closed.api} <<< {key['key']}")
    assert made.returncode == 0, made.stderr
    assert "clipo --profile staging list" in made.stderr
    for arguments in (["--profile", "staging", "whoami"], ["whoami", "--profile", "staging"]):
        assert stranger.json(*arguments)["key_id"] == key["id"]
    assert json.loads(stranger.run("whoami", "--json", CLIPO_PROFILE="staging").stdout) == (
        stranger.json("whoami", "--profile", "staging")
    )
    assert "Profiles     staging\n" in stranger.run().stdout
    both = stranger.run("list", "--profile", "staging", "--api", closed.api)
    unknown = stranger.run("list", "--profile", "production")
    assert (both.returncode, unknown.returncode) == (2, 2)
    assert "There are: staging." in " ".join(unknown.stderr.replace("│", "").split())
    assert stranger.run("logout", "--profile", "staging").returncode == 0
    assert stranger.run("whoami", "--profile", "staging").returncode == 2
    assert stranger.run("whoami", "--api", closed.api).returncode == 1


def test_a_login_says_that_the_variable_has_precedence(
    operator: Command, stranger: Command
) -> None:
    stranger.environ["CLIPO_API_KEY"] = new_key(operator)["key"]
    finished = stranger.shell(f"clipo login <<< {new_key(operator)['key']}")
    assert finished.returncode == 0
    assert "Commands use CLIPO_API_KEY instead until you unset it." in finished.stderr


def test_a_key_that_is_not_accepted_is_not_kept(operator: Command, stranger: Command) -> None:
    key = new_key(operator)["key"]
    mistyped = key[:-1] + ("a" if key[-1] != "a" else "b")
    finished = stranger.shell(f"clipo login <<< {mistyped}")
    assert finished.returncode == 1
    assert "its checksum is wrong" in finished.stderr
    assert mistyped not in finished.stderr
    assert not Path(stranger.environ["XDG_CONFIG_HOME"]).exists()


def test_a_person_types_the_key_unseen(operator: Command, stranger: Command) -> None:
    key = new_key(operator)
    with stranger.typed("login") as screen:
        screen.await_text("API key for")
        # The prompt discards what was typed before.
        eventually(lambda: not screen.child.getecho())
        screen.press(key["key"] + "\n")
        assert screen.exit_code() == 0
        assert f"with the key {key['id']}" in screen.text
        assert key["key"] not in screen.text.replace("\n", "")


def test_a_key_has_its_scopes_until_it_is_revoked(operator: Command, stranger: Command) -> None:
    key = new_key(operator, "--scope", "upload,read", "--owner", "anna", "--expires", "1h")
    stranger.environ["CLIPO_API_KEY"] = key["key"]
    assert stranger.json("list") == []
    me = stranger.json("whoami")
    assert (me["owner"], me["scopes"]) == ("anna", ["upload", "read"])
    refused = stranger.run("retry", "507f1f77bcf86cd799439011")
    assert "the scope write" in refused.stderr
    assert "CLIPO_API_KEY" in refused.stderr

    assert key["id"] in [one["id"] for one in operator.json("keys", "list")]
    shown = operator.run("keys", "list").stdout
    assert (key["id"] in shown, "anna" in shown, key["key"] in shown) == (True, True, False)
    assert operator.run("keys", "revoke", key["id"]).stdout == f"revoked  {key['id']}\n"
    assert "unknown or has been revoked" in stranger.run("list").stderr
    assert operator.run("keys", "revoke", key["id"]).returncode == 1


def test_a_person_sees_a_new_key_once(operator: Command) -> None:
    finished = operator.run("keys", "create", "--name", "web server")
    assert "clipo_sk_" in finished.stdout
    assert "does not show them again" in finished.stderr


def test_a_token_is_for_one_owner(operator: Command, stranger: Command) -> None:
    stranger.environ["CLIPO_API_KEY"] = new_key(operator)["key"]
    finished = stranger.run("token", "--owner", "anna", "--scope", "read", "--expires", "15m")
    assert finished.returncode == 0, finished.stderr
    stranger.environ["CLIPO_API_KEY"] = finished.stdout.strip()
    me = stranger.json("whoami")
    assert (me["credential"], me["owner"], me["scopes"]) == ("token", "anna", ["read"])


def test_the_quota_of_a_token_is_shown_before_an_upload(
    operator: Command, stranger: Command, clips: Clips
) -> None:
    stranger.environ["CLIPO_API_KEY"] = new_key(operator)["key"]
    limits = ("--max-videos", "1", "--max-duration", "90s", "--max-bytes", "10000000")
    token = stranger.run("token", "--owner", "limited", "--scope", "upload,write", *limits)
    stranger.environ["CLIPO_API_KEY"] = token.stdout.strip()
    shutil.copy(clips["tiny.mp4"], stranger.folder)
    first = stranger.run("upload", "tiny.mp4", "--no-wait")
    assert (first.returncode, first.stderr.splitlines()[0]) == (0, "Used: 0 of 1 videos.")
    second = stranger.run("upload", "tiny.mp4", "--no-wait")
    assert second.returncode == 1
    assert second.stderr.startswith("Used: 1 of 1 videos.\n")
    assert "Your quota is used up: it allows 1 video." in second.stderr.replace("\n", " ")
    shown = stranger.run("whoami").stdout
    assert "10.0 MB and 90 s for each video" in shown
    assert "1 of 1 videos" in shown
    (video,) = operator.json("list", "--owner", "limited")
    assert operator.run("delete", video["id"], "--yes").returncode == 0


def test_all_done_videos_of_an_older_release_are_reprocessed(
    operator: Command, stranger: Command, clips: Clips
) -> None:
    """The key of one owner limits them to those of this test."""
    stranger.environ["CLIPO_API_KEY"] = new_key(operator, "--owner", "again")["key"]
    shutil.copy(clips["tiny.mp4"], stranger.folder)
    ids = [stranger.run("upload", "tiny.mp4", "--quiet").stdout.strip() for _ in range(2)]
    finished = stranger.run("reprocess", "--before", "999.0", "--yes")
    assert finished.returncode == 0, finished.stderr
    reprocessed = re.findall(r"^reprocessed  (\w+)", finished.stdout, re.MULTILINE)
    assert sorted(reprocessed) == sorted(ids)
    assert operator.run("delete", *ids, "--yes").returncode == 0


def test_all_that_is_stored_of_an_owner_is_exported_and_erased(
    operator: Command, stranger: Command, clips: Clips
) -> None:
    shutil.copy(clips["tiny.mp4"], operator.folder)
    key = new_key(operator, "--owner", "gone")
    stranger.environ["CLIPO_API_KEY"] = key["key"]
    ids = [
        operator.run("upload", "tiny.mp4", "--owner", "gone", "--quiet").stdout.strip()
        for _ in range(2)
    ]
    other = operator.run("upload", "tiny.mp4", "--owner", "other", "--quiet").stdout.strip()
    assert operator.run("delete", ids[0], "--yes").returncode == 0
    lines = operator.run("export", "--owner", "gone").stdout.splitlines()
    found = [(one["kind"], one["id"]) for one in map(json.loads, lines)]
    assert found[:2] == [("videos", ids[1]), ("deleted_videos", ids[0])]
    assert {kind for kind, _ in found[2:]} == {"idempotency_keys", "api_keys"}
    for command in ("export", "erase"):
        refused = stranger.run(
            command, "--owner", "gone", *(["--yes"] if command == "erase" else [])
        )
        assert (refused.returncode, "for all owners" in refused.stderr) == (1, True)
    assert operator.run("erase", "--owner", "gone").returncode == 2, "it cannot ask"

    erased = operator.run("erase", "--owner", "gone", "--yes")
    assert (erased.returncode, erased.stdout) == (0, "erased  gone  1 video\n"), erased.stderr
    assert "API keys for this owner that still work: 1." in erased.stderr
    lines = operator.run("export", "--owner", "gone").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["api_keys"]
    again = operator.run("erase", "--owner", "gone", "--yes", "--json")
    assert json.loads(again.stdout) == {
        "owner": "gone",
        "videos": 0,
        "tombstones": 0,
        "idempotency_keys": 0,
        "counters": 0,
        "api_keys_left": 1,
    }
    (kept,) = operator.json("list", "--owner", "other")
    assert kept["id"] == other
    assert operator.run("delete", other, "--yes").returncode == 0


@pytest.fixture(scope="module")
def aws(closed: RunningStack) -> Iterator[dict[str, str]]:
    """CloudFormation's outputs lead to the running stack, and Secrets Manager to its secret."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
    }
    describe(closed, environ)
    yield environ
    server.stop()


def test_one_command_logs_in(aws: dict[str, str], closed: RunningStack, stranger: Command) -> None:
    stranger.environ.pop("CLIPO_API")
    finished = stranger.run("login", "--stack", "clipo", **aws)
    assert finished.returncode == 0, finished.stderr
    assert f"export CLIPO_API={closed.api}" in finished.stderr
    assert stranger.json("list", "--api", closed.api) == []
    me = stranger.json("whoami", "--api", closed.api)
    assert (me["credential"], "admin" in me["scopes"]) == ("key", False)
    keys = json.loads(stranger.run("keys", "list", "--stack", "clipo", "--json", **aws).stdout)
    assert me["key_id"] in [key["id"] for key in keys if key["name"].startswith("clipo on ")]


def test_a_key_for_all_owners_uploads_for_one_of_them(operator: Command, clips: Clips) -> None:
    shutil.copy(clips["tiny.mp4"], operator.folder)
    ids = {}
    for owner in ("anna", "ben"):
        finished = operator.run("upload", "tiny.mp4", "-q", "--owner", owner)
        assert finished.returncode == 0, finished.stderr
        ids[owner] = finished.stdout.strip()
    assert [one["id"] for one in operator.json("list", "--owner", "anna")] == [ids["anna"]]
    assert re.search(r"Owner +anna\n", operator.run("show", ids["anna"]).stdout)
    assert operator.run("delete", *ids.values(), "--yes").returncode == 0


def test_a_stack_that_is_missing_is_named(aws: dict[str, str], stranger: Command) -> None:
    finished = stranger.run("login", "--stack", "nothing", **aws)
    assert finished.returncode == 1
    assert "The stack nothing cannot be read" in finished.stderr


def describe(closed: RunningStack, aws: dict[str, str]) -> None:
    """Make a stack with the outputs of Clipo's."""
    options: dict[str, Any] = {
        "endpoint_url": aws["AWS_ENDPOINT_URL"],
        "region_name": aws["AWS_REGION"],
        "aws_access_key_id": aws["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws["AWS_SECRET_ACCESS_KEY"],
    }
    secret = boto3.client("secretsmanager", **options).create_secret(
        Name="clipo/root/1", SecretString=(closed.home / "root_secret").read_text()
    )
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"ApiUrl": {"Value": closed.api}, "RootSecret": {"Value": secret["ARN"]}},
    }
    boto3.client("cloudformation", **options).create_stack(
        StackName="clipo", TemplateBody=json.dumps(template)
    )
