"""Which credential a command sends, and to whom."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clipo.client import address, credentials, logins
from clipo.client.admin_token import admin_token
from clipo.errors import ClipoError, Misuse
from clipo.home import Home
from functions.core.api_keys import ROOT_KID, Root
from functions.core.tokens import LONGEST_ADMIN, read_claims, read_token

API = "http://127.0.0.1:8000"
REMOTE = "https://video.example.com"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / "config" / name)
    return tmp_path / "config" / "clipo" / "logins.json"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"CLIPO_HOME": str(tmp_path / "home")}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Home]:
    """A local stack, as far as its folder tells."""
    home = Home(tmp_path / "home")
    with home.lock():
        home.root_secret()
        home.stack_file.write_text(json.dumps({"api": API}))
        yield home


def source(api: str, environ: dict[str, str]) -> str | None:
    found = credentials.choose(api, environ)
    return found.source if found else None


def test_the_variable_comes_first_then_the_login_then_the_local_stack(
    running: Home, environ: dict[str, str]
) -> None:
    assert source(API, environ) == f"the root secret in {running.root}"
    logins.save(API, "clipo_sk_login")
    assert source(API, environ) == "the login of this machine"
    assert source(API, environ | {"CLIPO_API_KEY": "clipo_sk_given"}) == "CLIPO_API_KEY"


def test_a_credential_says_what_to_do_if_it_is_refused(environ: dict[str, str]) -> None:
    logins.save(REMOTE, "clipo_sk_login")
    login = f"clipo login --api {REMOTE}"
    found = credentials.choose(REMOTE, environ)
    assert found is not None
    assert found.remedy == f"To use another key: {login}"
    found = credentials.choose(REMOTE, environ | {"CLIPO_API_KEY": "clipo_sk_given"})
    assert found is not None
    assert found.remedy == f"Correct CLIPO_API_KEY, or unset it and log in: {login}"


def test_the_command_to_log_in_has_the_address_as_one_word() -> None:
    assert address.login_command("http://x/$(id)") == "clipo login --api 'http://x/$(id)'"
    assert address.login_command(f"{REMOTE}/a") == f"clipo login --api {REMOTE}/a"
    found = credentials.choose("http://x/$(id)", {"CLIPO_API_KEY": "clipo_sk_given"})
    assert found is not None
    assert found.remedy.endswith("clipo login --api 'http://x/$(id)'")


def test_the_operator_of_the_local_stack_uses_its_root_secret_first(
    running: Home, environ: dict[str, str]
) -> None:
    logins.save(API, "clipo_sk_login")
    environ["CLIPO_API_KEY"] = "clipo_sk_given"
    found = credentials.choose_for_operator(API, environ)
    assert found is not None
    assert found.source == f"the root secret in {running.root}"
    remote = credentials.choose_for_operator(REMOTE, environ)
    assert remote is not None
    assert remote.source == "CLIPO_API_KEY"


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    "api", ["http://127.0.0.1:8001", "http://localhost:8000", "https://127.0.0.1:8000", REMOTE]
)
def test_a_token_of_the_root_secret_goes_only_to_the_address_of_its_stack(
    api: str, environ: dict[str, str]
) -> None:
    assert source(api, environ) is None


def test_a_stack_that_was_killed_gets_none(environ: dict[str, str], tmp_path: Path) -> None:
    """Another program may have taken its port."""
    home = Home(tmp_path / "home")
    with home.lock():
        home.root_secret()
        home.stack_file.write_text(json.dumps({"api": API}))
        assert source(API, environ)
    assert source(API, environ) is None


def test_a_folder_that_no_stack_locks_names_no_api(
    running: Home, environ: dict[str, str], tmp_path: Path
) -> None:
    """It may be a downloaded one: CLIPO_API_KEY would go to the address in its file."""
    assert address.find_local_stack(running) == API
    downloaded = Home(tmp_path / "downloaded")
    downloaded.root.mkdir()
    downloaded.stack_file.write_text(json.dumps({"api": "http://127.0.0.1:19997"}))
    environ["CLIPO_HOME"] = str(downloaded.root)
    assert address.choose(None, environ) == address.DEFAULT


def test_a_folder_that_names_another_machine_is_no_stack(
    running: Home, environ: dict[str, str]
) -> None:
    running.stack_file.write_text(json.dumps({"api": REMOTE}))
    assert source(REMOTE, environ) is None


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (f"{REMOTE}:443/video", True),
        ("https://VIDEO.example.com", True),
        ("http://video.example.com", False),
        ("https://video.example.com:8443", False),
        ("https://video.example.com.evil.example", False),
        ("https://evil.example/video.example.com", False),
        ("https://video.example.com@evil.example", False),
    ],
)
def test_a_login_is_for_one_origin(other: str, environ: dict[str, str], *, same: bool) -> None:
    logins.save(REMOTE, "clipo_sk_login")
    assert (source(other, environ) is not None) is same


def test_only_the_user_can_read_the_logins(config: Path) -> None:
    logins.save(REMOTE, "clipo_sk_one")
    logins.save(API, "clipo_sk_two")
    assert config.stat().st_mode & 0o777 == 0o600
    assert config.parent.stat().st_mode & 0o777 == 0o700
    assert logins.delete(REMOTE) == "clipo_sk_one"
    assert logins.delete(REMOTE) is None
    assert (logins.key_for(REMOTE), logins.key_for(API)) == (None, "clipo_sk_two")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"https://x:443": 1}'])
def test_damaged_logins_are_an_error_that_says_what_to_do(config: Path, text: str) -> None:
    logins.save(REMOTE, "clipo_sk_one")
    config.write_text(text)
    with pytest.raises(ClipoError, match="damaged"):
        logins.key_for(REMOTE)


@pytest.mark.parametrize("text", ["two words", "ключ", "a\nb", "a\x00", "{}"])
def test_a_text_that_can_be_no_credential_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(Misuse) as caught:
        credentials.choose(REMOTE, {"CLIPO_API_KEY": text})
    assert text not in str(caught.value)


def test_a_credential_does_not_show_its_secret() -> None:
    assert "clipo_sk_x" not in repr(credentials.given("clipo_sk_x\n", "a test"))


def test_the_api_accepts_the_admin_token() -> None:
    """The wheel states the format that `functions.core` verifies a second time."""
    root = Root(1, "f" * 64)
    token = read_token(admin_token(root.secret))
    assert token.kid == ROOT_KID
    assert token.is_signed_with(root.admin_secret())
    claims = read_claims(token, now=datetime.now(UTC), longest=LONGEST_ADMIN)
    assert (claims.owner, set(claims.scopes)) == ("root", {"admin"})
