"""The `clipo` program: each module of `clipo/cli/commands/` is a command with its name.

Each folder there is a group of commands, such as `clipo keys create`.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated

import typer

from clipo.cli import commands
from clipo.cli.command import ApiOption, with_exit_code

_ORDER = (
    *("up", "upload", "list", "show", "retry", "reprocess", "visibility", "delete"),
    *("watch", "doctor", "open"),
)
"""The first commands in `clipo --help`; all others follow."""

app = typer.Typer(
    no_args_is_help=True,
    help="Upload videos to Clipo, and follow, list, inspect, retry and delete them.",
    epilog="Exit codes: 0 success, 1 failure, 2 misuse, 130 Ctrl-C. NO_COLOR turns colours off.",
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (the signature that Typer calls)
    if wanted:
        from importlib import metadata  # noqa: PLC0415 (slow, and only needed here)

        typer.echo(f"clipo {metadata.version('clipo')}")
        raise typer.Exit


@app.callback()
def _clipo(
    context: typer.Context,
    *,
    api_url: ApiOption = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    context.obj = api_url


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _add_commands(program: typer.Typer, package: ModuleType) -> None:
    found = {module.name: module.ispkg for module in iter_modules(package.__path__)}
    for name in sorted(found, key=_place):
        module = import_module(f"{package.__name__}.{name}")
        if found[name]:
            group = typer.Typer(no_args_is_help=True, help=module.__doc__)
            _add_commands(group, module)
            program.add_typer(group, name=name)
        else:
            program.command(name)(with_exit_code(module.command))


_add_commands(app, commands)
