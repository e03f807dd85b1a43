"""`clipo webhooks test`: sends a test to a webhook receiver."""

from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, FAILED, ApiOption, JsonOption, StackOption, ask_as_operator
from clipo.client import webhooks

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    receiver: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id of a receiver, as in clipo webhooks list, or settings for WEBHOOK_URL.",
            show_default=False,
        ),
    ],
    *,
    stack: StackOption = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Send an event of the type webhook.test to a receiver, and show the result."""
    output = terminal.Terminal(as_json=as_json)
    return ask_as_operator(stack, api_url, output, lambda api: _test(api, output, receiver))


async def _test(api: "Api", output: "Terminal", receiver: str) -> int:
    sent = await api.test_receiver(receiver)
    tested = await webhooks.wait_for_attempt(api, sent)
    if output.as_json:
        output.write_json(tested)
    else:
        output.write(view.delivery(tested))
    # Only the webhooks function knows WEBHOOK_URL: without it, a test fails without an attempt.
    if receiver == "settings" and tested["status"] == "failed" and not tested["attempts"]:
        output.error("WEBHOOK_URL is not set where Clipo runs, so this receiver does not exist.")
    return DONE if tested["status"] == "delivered" else FAILED
