"""`clipo` in the folder of another project, by a shell that holds everything that libraries read.

It starts a stack of its own, for the working directory belongs to a process.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clipo.local.ports import free_port
from tests.command import Command, Screen
from tests.foreign import foreign_project, hostile_environ


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def command(folder: Path) -> Command:
    port = str(free_port(17600, taken=set()))
    home = folder / "home"
    hostile = hostile_environ(folder, home)
    return Command(hostile | {"PORT": port, "XDG_STATE_HOME": str(home / "state")}, folder)


@pytest.fixture(scope="module")
def up(command: Command) -> Iterator[Screen]:
    with command.typed("up", columns=200) as screen:
        screen.await_text("upload --sample")
        yield screen
        screen.press("\x03")
        assert screen.exit_code() == 0, screen.text


@pytest.mark.usefixtures("up")
def test_every_command_works_there(command: Command, folder: Path) -> None:
    uploaded = command.run("upload", "--sample")
    assert "\x1b[?25l" not in uploaded.stderr, "bars need a terminal, whatever FORCE_COLOR says"
    [video_id] = [video["id"] for video in command.json("list")]
    assert command.json("show", video_id)["status"] == "done"
    assert command.run("watch", video_id).returncode == 0
    assert command.run("open", video_id).returncode == 0
    assert "not_failed" in command.run("retry", video_id).stderr
    examined = command.run("doctor", "--json")
    assert examined.returncode == 0, examined.stdout
    assert command.run("delete", "--yes", video_id).returncode == 0
    assert (folder / ".clipo" / "stack.json").exists(), "the data folder is in this one"
