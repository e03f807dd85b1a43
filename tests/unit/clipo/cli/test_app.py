import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from clipo.cli import commands
from clipo.cli.app import app

_MODULES = {file.stem for file in Path(commands.__path__[0]).glob("[!_]*.py")}


def test_each_module_is_a_command_and_each_folder_a_group() -> None:
    shown = {command.name for command in app.registered_commands if not command.hidden}
    assert shown == _MODULES
    groups = {
        group.name: {command.name for command in group.typer_instance.registered_commands}
        for group in app.registered_groups
        if group.typer_instance
    }
    assert groups == {
        "keys": {"create", "list", "ls", "revoke"},
        "webhooks": {"add", "list", "listen", "log", "ls", "remove", "resend", "test"},
    }


def test_the_help_lists_the_commands_in_panels() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    panels = re.findall(r"^╭─ ([A-Z]\w+(?: \w+)*) ─", shown, re.MULTILINE)
    assert [one for one in panels if one != "Options"] == ["Start", "Videos", "Access", "Operate"]
    assert re.search(r"╭─ Start .*│ up .*│ upload .*╭─ Operate .*│ doctor", shown, re.DOTALL)


@pytest.mark.parametrize("name", sorted(_MODULES))
def test_each_command_has_a_help_text(name: str) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert group.commands[name].help


@pytest.mark.parametrize("arguments", [["-h"], ["upload", "-h"], ["keys", "create", "-h"]])
def test_the_help_names_no_types_of_python(arguments: list[str]) -> None:
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert "Usage: " in shown.output
    assert "<" not in shown.output


@pytest.mark.parametrize(("name", "alias"), [("list", "ls"), ("delete", "rm")])
def test_a_command_has_a_short_name(name: str, alias: str) -> None:
    full, short = (CliRunner().invoke(app, [called, "--help"]).output for called in (name, alias))
    assert f"Short name: {alias}" in full
    assert short.replace(f" {alias} ", f" {name} ").split() == full.split()[: len(short.split())]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--limit", "0"], "It must be at least 1"),
        (["list", "--limit", "a"], "whole number"),
        (["list", "--status", "foo"], "'--status': 'foo' is not one of"),
    ],
)
def test_a_wrong_option_is_reported_in_plain_words(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 2
    assert said in found.output
    assert "Input should" not in found.output
    assert "Value error" not in found.output


def test_the_version_has_a_short_option() -> None:
    assert CliRunner().invoke(app, ["-V"]).output.startswith("clipo ")
