"""The `clipo` command. Each module of `clipo/cli/commands/` is a command of the same name."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import commands
from clipo.cli.command import ApiOption, exits
from clipo.cli.later import later

if TYPE_CHECKING:
    from importlib import metadata
else:
    metadata = later("importlib.metadata")

_ORDER = (
    "up",
    "upload",
    "list",
    "show",
    "retry",
    "reprocess",
    "delete",
    "watch",
    "doctor",
    "open",
    "migrate",
)
"""The order of `clipo --help`; other commands follow."""

app = typer.Typer(
    no_args_is_help=True,
    help="Video upload that is checked, thumbnailed and followed to a status you can trust.",
    epilog="Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted. NO_COLOR is honoured.",
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 (how Typer calls it)
    if wanted:
        typer.echo(f"clipo {metadata.version('clipo')}")
        raise typer.Exit


@app.callback()
def _clipo(
    context: typer.Context,
    *,
    api: ApiOption = None,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Write the version.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None:
    context.obj = api


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


for _name in sorted((module.name for module in iter_modules(commands.__path__)), key=_place):
    app.command(_name)(exits(import_module(f"{commands.__name__}.{_name}").command))
