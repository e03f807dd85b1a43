"""`clipo webhooks list`: lists webhook receivers."""

import os
from typing import TYPE_CHECKING

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, StackOption, ask_as_operator
from clipo.client import webhooks
from clipo.client.address import program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    *, stack: StackOption = None, api_url: ApiOption = None, as_json: JsonOption = False
) -> int:
    """List all webhook receivers but that of WEBHOOK_URL, without their secrets."""
    output = terminal.Terminal(as_json=as_json)
    return ask_as_operator(stack, api_url, output, lambda api: _list(api, output))


async def _list(api: "Api", output: "Terminal") -> int:
    receivers = await api.receivers()
    if output.as_json:
        output.write_json(receivers, indent=2)
    elif receivers:
        output.write(view.receivers(receivers, width=output.out.width))
    elif off := await webhooks.why_off(api):
        output.message(off.document()["message"])
    else:
        program = program_for(api.address, os.environ)
        output.message(f"There are no receivers. Add one: {program} webhooks add URL")
    return DONE
