"""`clipo help`: shows the help of a command."""

from typing import Annotated, Any

import typer

from clipo.cli.command import DONE


def _complete(context: typer.Context, incomplete: str) -> list[str]:
    """Return the commands that may come next: none after words that name no group."""
    commands = _commands(context.find_root().command)
    for word in context.params.get("words") or []:
        commands = _commands(commands.get(word))
    names = [name for name, one in commands.items() if not one.hidden]
    return [name for name in names if name.startswith(incomplete)]


def command(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND",
            help="Command, such as upload, or keys create.",
            show_default="all",
            autocompletion=_complete,
        ),
    ] = None,
) -> int:
    """Show the help of a command, as --help does."""
    found, its_context = _find(context, words or [])
    typer.echo(found.get_help(its_context), nl=False)
    return DONE


def _commands(of: Any) -> dict[str, Any]:
    return getattr(of, "commands", {})


def _find(context: typer.Context, words: list[str]) -> tuple[Any, Any]:
    """Return the command that the words name, and its context. Raises a usage error for others."""
    found: Any = context.find_root()
    for word in words:
        if not hasattr(found.command, "commands"):
            found.fail(f"{found.command_path} has no commands.")
        _, one, _ = found.command.resolve_command(found, [word])
        found = type(found)(one, info_name=word, parent=found)
    return found.command, found
