"""Help without the names of Python's types, which Typer would show for each flag and argument."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Parameter


class HelpfulCommand(TyperCommand):
    """A command."""

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(super().get_params(ctx))


class HelpfulGroup(TyperGroup):
    """A group of commands."""

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(super().get_params(ctx))


def _without_types(parameters: "Sequence[Parameter]") -> "list[Parameter]":
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif isinstance(parameter, TyperArgument) and not parameter.type_descriptor.is_choice:
            # Only the type's display has no setting of its own.
            vars(parameter)["display_type_rich"] = _show_nothing
    return list(parameters)


def _show_nothing(ctx: Any) -> None:
    del ctx
