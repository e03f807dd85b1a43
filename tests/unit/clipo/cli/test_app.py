from pathlib import Path

import pytest
import typer

from clipo.cli import commands
from clipo.cli.app import app

_MODULES = {file.stem for file in Path(commands.__path__[0]).glob("[!_]*.py")}


def test_each_module_is_a_command_and_each_folder_a_group() -> None:
    assert {command.name for command in app.registered_commands} == _MODULES
    (keys,) = app.registered_groups
    assert keys.name == "keys"
    assert keys.typer_instance is not None
    names = {command.name for command in keys.typer_instance.registered_commands}
    assert names == {"create", "list", "revoke"}


def test_the_help_lists_the_first_commands_first() -> None:
    names = [command.name for command in app.registered_commands]
    assert names[:3] == ["up", "upload", "list"]


@pytest.mark.parametrize("name", sorted(_MODULES))
def test_each_command_has_a_help_text(name: str) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert group.commands[name].help
