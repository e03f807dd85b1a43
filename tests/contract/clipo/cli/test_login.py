"""`clipo login` at an address to which the network carries the key in clear text."""

from pathlib import Path

import pytest

from tests.command import Command

PLAIN = "http://10.255.255.1:9"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    return Command({name: str(tmp_path) for name in places}, tmp_path)


def test_a_person_confirms_it_before_the_key_is_asked_for(command: Command) -> None:
    with command.typed("login", "--api", PLAIN) as screen:
        screen.await_text("is not HTTPS: the network can read the key. Log in? [y/N]")
        screen.press("n\n")
        assert screen.exit_code() == 130
        assert "API key for" not in screen.text


def test_a_dead_address_is_reported_before_the_key_is_asked_for(command: Command) -> None:
    with command.typed("login", "--api", PLAIN) as screen:
        screen.await_text("Log in? [y/N]")
        screen.press("y\n")
        assert screen.exit_code() == 1
        assert "API key for" not in screen.text


def test_a_script_sends_none(command: Command) -> None:
    finished = command.shell(f"clipo login --api {PLAIN} <<< clipo_sk_key")
    assert finished.returncode == 2
    assert finished.stderr.startswith(f"{PLAIN} is not HTTPS")
