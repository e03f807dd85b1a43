"""`clipo webhooks resend`: delivers webhooks again."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, FAILED, ApiOption, JsonOption, ask, do_each
from clipo.client import faults, webhooks
from clipo.client.address import program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID", help="Id of a delivery, as in clipo webhooks log.", show_default=False
        ),
    ],
    *,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Deliver webhooks again, with the same ids and all attempts, and show the first result."""
    output = terminal.Terminal(as_json=as_json)
    return ask(api_url, output, lambda api: _resend(api, output, ids))


async def _resend(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    exit_code = DONE

    async def resend(delivery: str) -> None:
        nonlocal exit_code
        before = await api.delivery(delivery)
        if before["type"] == "webhook.test":
            test = f"{program_for(api.address, os.environ)} webhooks test {before['receiver']}"
            raise faults.NotResendable(f"This delivery was a test. Send another one: {test}")
        await api.resend(delivery)
        sent = await webhooks.wait_for_attempt(api, before)
        if output.as_json:
            output.write_json(sent)
        else:
            output.write(view.delivery(sent))
        if sent["status"] != "delivered":
            exit_code = FAILED

    return max(await do_each(output, ids, resend), exit_code)
