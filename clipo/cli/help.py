"""Help without the names of Python's types, which Typer would show for each flag and argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer._click.core import Parameter


class HelpfulCommand(TyperCommand):
    """A command."""

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(ctx, super().get_params(ctx))


class HelpfulGroup(TyperGroup):
    """A group of commands."""

    def get_params(self, ctx: Any) -> "list[Parameter]":
        """Return the parameters, prepared for the help."""
        return _without_types(ctx, super().get_params(ctx))


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
