"""`clipo export`: writes all records of one owner."""

from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, ask

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    *,
    owner: Annotated[str, typer.Option(metavar="OWNER", help="Whose records to write.")],
    api_url: ApiOption = None,
) -> int:
    """Write what Clipo stores of an owner, as one JSON object in each line."""
    output = terminal.Terminal(as_json=True)
    return ask(api_url, output, lambda api: _export(api, output, owner))


async def _export(api: "Api", output: "Terminal", owner: str) -> int:
    cursor, found = None, False
    while True:
        page = await api.export(owner, cursor)
        found = found or bool(page["data"])
        for record in page["data"]:
            output.write_json(record)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    if not found:
        output.message(f"Clipo stores nothing of {view.plain(owner)}.")
    return DONE
