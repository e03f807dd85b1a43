"""Help without the names of Python's types, which Typer would show for each flag and argument."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from clipo.cli.narrow_help import is_narrow, narrow_help

if TYPE_CHECKING:
    from typer._click.core import Parameter


_PLAIN_WORDS = {
    r"^Input should be greater than or equal to (\S+)": r"It must be at least \1.",
    r"^Input should be less than or equal to (\S+)": r"It must be at most \1.",
    "^Input should be a valid integer.*": "It must be a whole number.",
    "^Input should be a valid number.*": "It must be a number.",
}


_ELSEWHERE = {
    "auth": "'login', 'logout', 'whoami' or 'token'",
    "browse": "'open'",
    "completion": "'--install-completion'",
    "config": "'login'",
    "get": "'show' or 'download'",
    "info": "'show'",
    "ps": "'list'",
    "remove": "'delete'",
    "rerun": "'retry'",
    "start": "'up'",
    "status": "'show' or 'doctor'",
    "video": "'list' or 'show'",
    "videos": "'list' or 'show'",
    "view": "'show'",
}
"""Names that gh and similar programs have for commands, with those of this program."""


class _FittingHelp:
    """Help that fits the terminal."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help: Typer's tables, or text if the terminal is narrow."""
        if is_narrow():
            typer.echo(narrow_help(self, ctx))  # as Typer writes its tables
        else:
            super().format_help(ctx, formatter)  # type: ignore[misc]  # Typer's


class HelpfulCommand(_FittingHelp, TyperCommand):
    """A command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments. Raises errors in the words of the other messages."""
        if not ctx.resilient_parsing and any("--json" in one.opts for one in self.params):
            _refuse_fields(ctx, self.params, args)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = in_plain_words(error.message)
            raise

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(ctx, super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the command's name, with braces around choices alone."""
        pieces = super().collect_usage_pieces(ctx)
        return [re.sub(r"^\{([^|]*)\}", r"\1", piece) for piece in pieces]


class HelpfulGroup(_FittingHelp, TyperGroup):
    """A group of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that an argument names. Raises an error that may name another."""
        meant = _ELSEWHERE.get(args[0]) if args and ctx.parent is None else None
        if meant and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {meant}?")
        return super().resolve_command(ctx, args)

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(ctx, super().get_params(ctx))


def unwrap(docstring: str) -> str:
    """Return a docstring with each paragraph in one line, for a terminal of any width."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", docstring)


def in_plain_words(message: str) -> str:
    """Return an error of an option without the words of Pydantic, which Typer checks it by."""
    message = message.removeprefix("Value error, ")
    for words, plain in _PLAIN_WORDS.items():
        message = re.sub(words, plain, message)
    return message


def _refuse_fields(ctx: Any, parameters: "Sequence[Parameter]", args: Sequence[str]) -> None:
    """Raise `typer.BadParameter` for fields after `--json`, which that option has with gh."""
    takes_words = any(isinstance(one, TyperArgument) for one in parameters)
    fields = r"[a-z]\w*(,[a-z]\w*)+" if takes_words else r"[a-z]\w*(,[a-z]\w*)*"
    for option, following in pairwise([*args, ""]):
        given = option == "--json" and re.fullmatch(fields, following)
        if given or option.startswith("--json="):
            raise typer.BadParameter(
                "--json writes all fields. To select some of them, use jq: --json | jq", ctx=ctx
            )


def _without_types(ctx: Any, parameters: "Sequence[Parameter]") -> "list[Parameter]":
    for parameter in parameters:
        if isinstance(parameter, TyperArgument):
            # Only the display of an argument's type has no setting.
            vars(parameter)["display_type_rich"] = _ChoicesAlone(parameter)
        elif isinstance(parameter, TyperOption) and parameter.metavar is None:
            shown = "" if parameter.is_flag else parameter.display_type(ctx)
            parameter.metavar = shown.strip("<>")
    return list(parameters)


@dataclass(frozen=True)
class _ChoicesAlone:
    argument: TyperArgument

    def __call__(self, ctx: Any) -> str:
        is_choice = self.argument.type_descriptor.is_choice
        return self.argument.display_type(ctx).strip("<>") if is_choice else ""
