import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from clipo.cli import commands, overview
from clipo.cli import help as help_module
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
        "keys": {"create", "list", "ls", "revoke", "rm"},
        "webhooks": {"add", "list", "listen", "log", "ls", "remove", "resend", "rm", "test"},
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


@pytest.mark.parametrize(
    "arguments", [["-h"], ["upload", "-h"], ["keys", "create", "-h"], ["webhooks", "add", "-h"]]
)
def test_the_help_names_no_types_of_python(arguments: list[str]) -> None:
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert "Usage: " in shown.output
    assert "<" not in shown.output
    assert "list[" not in shown.output


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("show", "clipo show [OPTIONS] ID "),
        ("download", "clipo download [OPTIONS] ID... "),
        ("visibility", "clipo visibility [OPTIONS] {public|private} ID... "),
    ],
)
def test_the_usage_has_braces_around_choices_alone(command: str, usage: str) -> None:
    shown = CliRunner().invoke(app, [command, "-h"], prog_name="clipo").output
    assert f"Usage: {usage}" in shown


def test_the_help_wraps_each_paragraph_to_the_terminal() -> None:
    shown = CliRunner().invoke(app, ["webhooks", "listen", "-h"], env={"COLUMNS": "60"}).output
    paragraph = shown.partition("The server gets")[2].partition("╭")[0].strip()
    assert [line.strip() for line in paragraph.splitlines()] == [
        "what a webhook receiver gets. The command",
        "asks the API for the events, so that nothing from outside",
        "has to reach this machine.",
    ]


def in_narrow_terminal(*arguments: str) -> str:
    found = CliRunner().invoke(app, arguments, env={"COLUMNS": "40"}, prog_name="clipo")
    assert max(map(len, found.output.splitlines())) <= 40
    return found.output


def test_a_narrow_terminal_has_each_explanation_below_its_option() -> None:
    shown = in_narrow_terminal("delete", "-h")
    assert shown.startswith(
        "Usage: clipo delete [OPTIONS] [ID]...\n\nDelete videos with their files"
    )
    assert "\nArguments:\n  ID\n      Id of a video, as in clipo list.\n" in shown
    assert "  --all-failed\n      Delete all videos that have\n      failed.\n" in shown
    assert "  -q, --quiet\n      Write errors only.\n" in shown
    assert "      http://127.0.0.1:8000)]\n" in shown
    assert "\nShort name: rm\n" in shown


def test_a_narrow_terminal_has_the_commands_in_the_same_panels() -> None:
    shown = in_narrow_terminal("-h")
    panels = re.findall(r"^(\w+):$", shown, re.MULTILINE)
    assert panels == ["Options", "Start", "Videos", "Access", "Operate"]
    assert "\nVideos:\n  upload\n      Upload videos, and follow them\n" in shown
    assert "\n  ls\n" not in shown
    assert "\nCommands:\n" in in_narrow_terminal("keys"), "without a command"


@pytest.mark.parametrize("words", [(), ("upload",), ("keys",), ("keys", "create"), ("rm",)])
def test_help_is_a_word_too(words: tuple[str, ...]) -> None:
    asked = CliRunner().invoke(app, ["help", *words], prog_name="clipo")
    assert asked.exit_code == 0
    option = CliRunner().invoke(app, [*words, "--help"], prog_name="clipo")
    assert asked.output.strip() == option.output.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [("uplod", "Did you mean 'upload'?"), ("upload x", "clipo upload has no commands.")],
)
def test_the_help_of_what_is_no_command_is_a_misuse(words: str, said: str) -> None:
    found = CliRunner().invoke(app, ["help", *words.split()], prog_name="clipo")
    assert found.exit_code == 2
    assert said in found.output


@pytest.mark.parametrize(
    ("command", "said"),
    [("sample", "Write errors only."), ("list", "Write ids and errors only.")],
)
def test_quiet_says_what_it_leaves_of_this_command(command: str, said: str) -> None:
    assert said in CliRunner().invoke(app, [command, "-h"]).output


@pytest.mark.parametrize(("name", "alias"), [("list", "ls"), ("delete", "rm")])
def test_a_command_has_a_short_name(name: str, alias: str) -> None:
    full, short = (CliRunner().invoke(app, [called, "--help"]).output for called in (name, alias))
    assert f"Short name: {alias}" in full
    assert short.replace(f" {alias} ", f" {name} ").split() == full.split()[: len(short.split())]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--limit", "0"], "It must be at least 1."),
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


@pytest.mark.parametrize(
    ("word", "meant"),
    [("auth", "'login', 'logout', 'whoami' or 'token'"), ("view", "'show'"), ("uplod", "'upload'")],
)
def test_a_command_of_another_program_leads_to_ours(word: str, meant: str) -> None:
    found = CliRunner().invoke(app, [word, "x"])
    assert found.exit_code == 2
    assert f"No such command '{word}'. Did you mean {meant}?" in found.output


def test_no_command_is_called_as_another_programs() -> None:
    ours = {one.name for one in app.registered_commands}
    ours |= {one.name for one in app.registered_groups}
    assert "keys" in ours
    assert not set(help_module._ELSEWHERE) & ours


@pytest.mark.parametrize(
    "arguments",
    ["list --json id,status", "list --json id", "list --json=id", "show 0 --json id,status"],
)
def test_fields_after_json_are_refused_with_a_way_to_select_them(arguments: str) -> None:
    found = CliRunner().invoke(app, arguments.split(), env={"COLUMNS": "200"})
    assert found.exit_code == 2
    assert "To select some of them, use jq: --json | jq" in found.output


@pytest.mark.parametrize("arguments", ["upload --json a", "show --json 0", "up --json=id"])
def test_a_word_after_json_may_be_an_argument(arguments: str) -> None:
    assert "jq" not in CliRunner().invoke(app, [*arguments.split(), "--api", "ftp://x"]).output


@pytest.mark.parametrize("arguments", [["-V"], ["--version"], ["version"]])
def test_the_version_is_an_option_and_a_command(arguments: list[str]) -> None:
    found = CliRunner().invoke(app, arguments)
    assert (found.exit_code, found.output) == (0, f"clipo {overview.version()}\n")
