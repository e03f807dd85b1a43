"""`clipo keys list`: lists API keys."""

import os
from typing import TYPE_CHECKING

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, StackOption, ask_as_operator
from clipo.client.address import program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    *, stack: StackOption = None, api_url: ApiOption = None, as_json: JsonOption = False
) -> int:
    """List all API keys, without their secrets."""
    output = terminal.Terminal(as_json=as_json)
    return ask_as_operator(stack, api_url, output, lambda api: _list(api, output))


async def _list(api: "Api", output: "Terminal") -> int:
    keys = await api.keys()
    if output.as_json:
        output.write_json(keys, indent=2)
    elif keys:
        output.write(view.keys(keys, width=output.out.width))
    else:
        program = program_for(api.address, os.environ)
        output.message(f"There are no keys. Create one: {program} keys create --name NAME")
    return DONE
