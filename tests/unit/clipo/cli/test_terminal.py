import sys
from contextlib import redirect_stderr

import pytest
import typer

from clipo.cli.command import report_errors
from clipo.cli.terminal import Terminal
from clipo.errors import ClipoError
from tests.fakes.screen import Screen

_ADDRESS = f"https://{'a' * 40}.example.com"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_nothing_is_drawn_into_a_pipe_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    assert not terminal.animated
    terminal.write("wide" + " " * 20)
    assert capsys.readouterr().out == "wide\n"


def test_a_terminal_shows_errors_wrapped_between_words() -> None:
    with redirect_stderr(Screen()) as screen, pytest.raises(typer.Exit), report_errors():
        raise ClipoError(f"Nothing answers there. Check {_ADDRESS} or log-in.")
    assert screen.getvalue().splitlines() == [
        "Nothing answers",
        "there. Check",
        _ADDRESS,
        "or log-in.",
    ]


def test_a_terminal_shows_messages_wrapped_as_well() -> None:
    with redirect_stderr(Screen()) as screen:
        Terminal().message("  Twenty columns are narrow.\n\nBut enough.")
    assert screen.getvalue().splitlines() == ["  Twenty columns are", "narrow.", "", "But enough."]


def test_a_pipe_gets_an_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), report_errors():
        raise ClipoError("long " * 5_000)
    assert capsys.readouterr().err == "long " * 5_000 + "\n"


def test_errors_never_reach_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as a shell's 2>&- does
    Terminal().error("An error.")
    assert capsys.readouterr().out == ""
