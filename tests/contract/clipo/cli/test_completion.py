"""Completion, as a shell asks the installed program for it."""

import shutil
from pathlib import Path

import pytest

from tests.command import Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}, tmp_path)


def completed(command: Command, *words: str) -> list[str]:
    asked = {
        "_CLIPO_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    finished = command.run(**asked)
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout.split()


def test_commands_options_and_values_are_completed(command: Command) -> None:
    assert {"up", "upload"} <= set(completed(command, "clipo", "up"))
    assert completed(command, "clipo", "upload", "--recurs") == ["--recursive"]
    assert completed(command, "clipo", "list", "--status", "f") == ["failed"]
    assert completed(command, "clipo", "keys", "cr") == ["create"]
    assert completed(command, "clipo", "token", "--scope", "re") == ["read"]
    assert completed(command, "clipo", "token", "--scope", "read,up") == ["read,upload"]
    assert completed(command, "clipo", "token", "--scope", "read,re") == []
    assert completed(command, "clipo", "help", "upl") == ["upload"]
    assert completed(command, "clipo", "help", "keys", "cr") == ["create"]
    assert completed(command, "clipo", "help", "nope", "") == []
    assert completed(command, "clipo", "help", "upload", "x", "") == []


def test_profiles_are_completed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "config" / "clipo").mkdir(parents=True)
    (tmp_path / "config" / "clipo" / "profiles.json").write_text('{"staging": "https://a.example"}')
    assert completed(command, "clipo", "list", "--profile", "st") == ["staging"]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_loads_the_script(command: Command) -> None:
    line = 'eval "$(clipo --show-completion bash)" && complete -p clipo'
    finished = command.shell(line)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith(" clipo\n")
