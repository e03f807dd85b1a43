"""`clipo keys revoke`: revokes API keys."""

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
            metavar="ID", help="Id of a key, as in clipo keys list.", show_default=False
        ),
    ],
    *,
    stack: StackOption = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Revoke API keys, and with them all of their tokens, within 60 seconds."""
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask_as_operator(stack, api_url, output, lambda api: _revoke(api, output, ids))


async def _revoke(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    async def revoke(key_id: str) -> None:
        await api.revoke_key(key_id)
        if output.as_json:
            output.write_json({"id": key_id, "status": "revoked"})
        elif not output.quiet:
            output.write(f"revoked  {key_id}")

    return await do_each(output, ids, revoke, stop_if_refused=True)
