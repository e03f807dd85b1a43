import pytest

from clipo.cli.terminal import Terminal


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
