"""docs/cli.md: what it shows is what the command does, in the order printed."""

from itertools import chain
from pathlib import Path

import pytest

from tests.command import Command
from tests.documented import CLI_DOCS, snippets
from tests.running_stack import RunningStack
from tests.transcripts import Names, differences, steps


@pytest.fixture
def command(stack: RunningStack, tmp_path: Path) -> Command:
    (tmp_path / "here").mkdir()
    places = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    shown = {"CLIPO_HOME": str(stack.home), "NO_COLOR": "1"}
    return Command(places | shown, tmp_path / "here")


@pytest.mark.long
def test_the_transcripts_are_true(stack: RunningStack, command: Command) -> None:
    names = Names(stack.api)
    wrong: dict[str, list[str]] = {}
    transcripts = [snippet.code for snippet in snippets(CLI_DOCS) if snippet.language == "console"]
    for step in chain.from_iterable(map(steps, transcripts)):
        said = output(command, names.in_this_run(step.typed), step.answer)
        names.learn("\n".join(step.shown), said)
        if found := differences(names.in_this_run("\n".join(step.shown)), said):
            wrong[step.typed] = found
    assert wrong == {}
    assert len(transcripts) > 15


def output(command: Command, line: str, answer: str | None) -> str:
    """Return what a terminal shows at the end of a line of bash."""
    with command.typed("-c", line, columns=220, program="bash") as screen:
        if answer:
            screen.await_text("[y/N]")
            screen.press(f"{answer}\r")
        screen.exit_code()
        return screen.text
