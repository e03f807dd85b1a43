"""`clipo webhooks remove`: removes webhook receivers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal
from clipo.cli.command import (
    ApiOption,
    JsonOption,
    QuietOption,
    StackOption,
    ask_as_operator,
    do_each,
)

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID", help="Id of a receiver, as in clipo webhooks list.", show_default=False
        ),
    ],
    *,
    stack: StackOption = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Remove webhook receivers. They get no further attempts."""
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask_as_operator(stack, api_url, output, lambda api: _remove(api, output, ids))


async def _remove(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    async def remove(receiver: str) -> None:
        await api.remove_receiver(receiver)
        if output.as_json:
            output.write_json({"id": receiver, "status": "removed"})
        elif not output.quiet:
            output.write(f"removed  {receiver}")

    return await do_each(output, ids, remove, stop_if_refused=True)
