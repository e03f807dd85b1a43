"""The `clipo` program: each module of `clipo/cli/commands/` is a command with its name.

Each folder there is a group of commands, such as `clipo keys create`.
"""

from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any

import typer

from clipo.cli import commands, overview
from clipo.cli.command import ApiOption, ProfileOption, with_exit_code
from clipo.cli.help import HelpfulCommand, HelpfulGroup, unwrap

_PANELS = {
    "Start": ("up", "sample", "open"),
    "Videos": (
        *("upload", "list", "show", "watch", "download", "image", "storyboard"),
        *("retry", "reprocess", "visibility", "delete"),
    ),
    "Access": ("login", "logout", "whoami", "keys", "token"),
}
"""The panels of `clipo --help` with their commands, in order."""

_LAST_PANEL = "Operate"
"""The panel of all other commands."""

_ORDER = [name for names in _PANELS.values() for name in names]

_ALIASES = {"list": "ls", "delete": "rm", "revoke": "rm", "remove": "rm"}
"""Second names of commands, which the help of the command mentions."""

app = typer.Typer(
    cls=HelpfulGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Upload videos to Clipo, and follow, list, inspect, retry and delete them.",
    epilog="Exit codes: 0 success, 1 failure, 2 misuse, 130 Ctrl-C. NO_COLOR turns colours off.",
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (the signature that Typer calls)
    if wanted:
        typer.echo(f"clipo {overview.version()}")
        raise typer.Exit


@app.callback()
def _clipo(
    context: typer.Context,
    *,
    api_url: ApiOption = None,
    _profile: ProfileOption = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Show the version and exit.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    context.obj = api_url
    if context.invoked_subcommand is None:
        with_exit_code(overview.show)(api_url)


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _panel(name: str) -> str:
    return next((panel for panel, names in _PANELS.items() if name in names), _LAST_PANEL)


def _add_commands(program: typer.Typer, package: ModuleType) -> None:
    found = {module.name: module.ispkg for module in iter_modules(package.__path__)}
    at_top = package is commands
    for name in sorted(found, key=_place):
        panel = _panel(name) if at_top else None
        module = import_module(f"{package.__name__}.{name}")
        if found[name]:
            group = typer.Typer(cls=HelpfulGroup, no_args_is_help=True, help=module.__doc__)
            _add_commands(group, module)
            program.add_typer(group, name=name, rich_help_panel=panel)
        else:
            _add_command(program, name, module, panel)


def _add_command(program: typer.Typer, name: str, module: ModuleType, panel: str | None) -> None:
    command, alias = with_exit_code(module.command), _ALIASES.get(name)
    also = f"Short name: {alias}" if alias else None
    text = unwrap(getdoc(module.command) or "")
    options: dict[str, Any] = {"cls": HelpfulCommand, "help": text}
    program.command(name, epilog=also, rich_help_panel=panel, **options)(command)
    if alias:
        program.command(alias, hidden=True, **options)(command)


_add_commands(app, commands)
