"""`clipo` in the folder of another project, whose names are those of our packages.

It starts a stack of its own, for the working directory belongs to a process.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clipo.local.ports import free_port
from tests.command import Command, Screen

_NOT_OURS = 'raise AssertionError("a module of the working directory was imported")\n'
_PACKAGES = ("api", "clipo", "core", "functions", "functions/api", "functions/core", "shared")
"""Netlify and Firebase keep a project's functions in `functions/`."""

_MODULES = ("asyncio", "functions/main", "httpx2", "json", "queue", "typer")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another project: each module that is imported from it raises."""
    folder = tmp_path_factory.mktemp("project")
    for package in _PACKAGES:
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / "__init__.py").write_text(_NOT_OURS)
    for module in _MODULES:
        (folder / f"{module}.py").write_text(_NOT_OURS)
    (folder / "functions" / "hello.js").write_text("exports.handler = async () => ({});\n")
    return folder


@pytest.fixture(scope="module")
def command(folder: Path) -> Command:
    port = str(free_port(18600, taken=set()))
    home = str(folder / "home")
    return Command({"PORT": port, "HOME": home, "XDG_STATE_HOME": f"{home}/state"}, folder)


@pytest.fixture(scope="module")
def up(command: Command) -> Iterator[Screen]:
    with command.typed("up", columns=200) as screen:
        screen.await_text("upload --sample")
        yield screen
        screen.press("\x03")
        assert screen.exit_code() == 0, screen.text


@pytest.mark.usefixtures("up")
def test_every_command_works_there(command: Command, folder: Path) -> None:
    video_id = command.run("upload", "--sample", "--quiet").stdout.strip()
    assert [video["id"] for video in command.json("list")] == [video_id]
    assert command.json("show", video_id)["status"] == "done"
    assert command.run("watch", video_id).returncode == 0
    assert command.run("open", video_id).returncode == 0
    assert "not_failed" in command.run("retry", video_id).stderr
    examined = command.run("doctor", "--json")
    assert examined.returncode == 0, examined.stdout
    assert command.run("delete", "--yes", video_id).returncode == 0
    assert (folder / ".clipo" / "stack.json").exists(), "the data folder is in this one"
