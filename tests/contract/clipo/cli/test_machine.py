"""Findings of `clipo doctor` on this machine: ports, locks and an ffmpeg that it starts."""

import fcntl
import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from clipo.cli import machine
from clipo.cli.finding import Finding, State
from clipo.local.ports import free_port


def finding(name: str, environ: Mapping[str, str]) -> Finding:
    return next(one for one in machine.findings(environ) if one.name == name)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"CLIPO_HOME": str(tmp_path / "home")}


def test_nothing_is_broken_before_the_first_start(environ: dict[str, str]) -> None:
    found = list(machine.findings(environ | {"PORT": "1"}))
    assert [one for one in found if one.state is State.BROKEN] == []
    assert not Path(environ["CLIPO_HOME"]).exists(), "doctor changes nothing"


def test_an_ffmpeg_that_does_not_run_is_broken(environ: dict[str, str], tmp_path: Path) -> None:
    found = finding("ffmpeg", environ | {"CLIPO_FFMPEG_DIR": str(tmp_path)})
    assert found.state is State.BROKEN
    assert "CLIPO_FFMPEG_DIR" in found.fix


def test_a_home_that_is_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    assert finding("Folder", {"CLIPO_HOME": str(tmp_path / "home")}).state is State.BROKEN


def test_secrets_that_other_users_can_read_are_found(environ: dict[str, str]) -> None:
    home = Path(environ["CLIPO_HOME"])
    home.mkdir()
    (home / "credentials.json").touch(0o644)
    assert finding("Folder", environ).fix == f"chmod 600 {home / 'credentials.json'}"


def test_logins_that_other_users_can_read_are_found(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipo.client.logins.file", lambda: tmp_path / "logins.json")
    assert "Login" not in [one.name for one in machine.findings(environ)]
    (tmp_path / "logins.json").touch(0o640)
    assert finding("Login", environ).fix.startswith(f"chmod 600 {tmp_path / 'logins.json'}")


class TestLocalStack:
    def test_it_runs_while_it_holds_the_lock(self, environ: dict[str, str]) -> None:
        home = Path(environ["CLIPO_HOME"])
        home.mkdir()
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert "starting" in finding("Local stack", environ).said
            (home / "stack.json").write_text(json.dumps({"api": "http://localhost:8123"}))
            assert "http://localhost:8123" in finding("Local stack", environ).said
        stale = finding("Local stack", environ)
        assert stale.state is State.WARNING
        assert "was killed" in stale.said

    def test_without_it_one_finding_says_how_to_start_it(self, environ: dict[str, str]) -> None:
        environ["PORT"] = str(free_port(17700, taken=set()))
        found = finding("Local stack", environ)
        assert (found.state, found.fix) == (State.ABSENT, ""), "the check of the API says it"
        found = finding("Local stack", environ | {"CLIPO_API": "https://x.example"})
        assert (found.state, found.fix) == (State.ABSENT, "Start it: clipo up")

    def test_a_port_that_another_program_has_is_found(self, environ: dict[str, str]) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            found = finding("Local stack", environ | {"PORT": port})
        assert found.state is State.WARNING
        assert f"Port {port} is taken" in found.said


def test_the_client_alone_needs_no_local_stack(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipo.local.checkout.is_here", lambda: False)
    assert finding("Local stack", environ) == Finding(
        "Local stack",
        State.ABSENT,
        "The local stack runs from a checkout of Clipo, and this is the client alone.",
        "To run it, clone Clipo's repository and type make run there.",
    )


def test_a_misspelled_setting_and_a_wrong_one_are_both_found(environ: dict[str, str]) -> None:
    environ |= {"CLIPO_AIP": "x", "CLIPO_API": "ftp://localhost"}
    assert finding("Settings", environ).fix == "Did you mean CLIPO_API?"
    assert finding("Address", environ).state is State.BROKEN


def test_each_setting_that_clipo_up_refuses_is_found(environ: dict[str, str]) -> None:
    environ |= {"PORT": "99999", "MAX_UPLOAD_BYTES": "abc", "WEBHOOK_URL": "http://localhost:9"}
    found = [one for one in machine.findings(environ) if one.state is State.BROKEN]
    assert [one.name for one in found] == ["Settings"] * 3
    assert "PORT must be" in found[0].said


def test_the_address_of_the_option_is_shown(environ: dict[str, str]) -> None:
    found = machine.findings(environ | {"CLIPO_API": "x"}, "http://localhost:8123")
    assert "http://localhost:8123" in next(one for one in found if one.name == "Address").said


def test_servers_in_the_environment_are_shown(environ: dict[str, str]) -> None:
    found = finding("Services", environ | {"MONGODB_URI": "mongodb://db"})
    assert found.state is State.WARNING
    assert found.fix == "If that is not intended: unset MONGODB_URI"


def test_a_proxy_that_covers_this_machine_is_found(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    assert finding("Proxies", environ).state is State.WARNING
    bypassed = environ | {"NO_PROXY": "example.com, localhost,127.0.0.1"}
    assert finding("Proxies", bypassed).state is State.OK
