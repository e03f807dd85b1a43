"""`clipo webhooks listen`: shows events as they happen, and forwards them to a local server."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, ask
from clipo.client import webhooks

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
    from clipo.client.webhooks import Forwarder


def command(
    *,
    forward_to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Send the events to this address, such as http://localhost:3000/hook.",
            show_default=False,
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar="WHSEC",
            help="Secret that signs the forwarded events: whsec_ and base64.",
            show_default="a new one, which the command shows",
        ),
    ] = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show events as they happen, until Ctrl-C, and forward them to a server on this machine.

    The server gets what a webhook receiver gets. The command asks the API for the events, so that
    nothing from outside has to reach this machine.
    """
    if secret is not None:
        webhooks.signing_key(secret)
    output = terminal.Terminal(as_json=as_json)
    return ask(api_url, output, lambda api: _listen(api, output, forward_to, secret))


async def _listen(
    api: "Api", output: "Terminal", forward_to: str | None, secret: str | None
) -> int:
    if off := await webhooks.why_off(api):
        raise off
    if forward_to is None:
        begun = await webhooks.time_at(api)
        output.message(f"Listening to {api.address}. Stop with Ctrl-C.", "dim")
        async for event in webhooks.new_events(api, begun):
            _show(output, event, "")
        return DONE
    secret = secret or webhooks.new_secret()
    async with webhooks.forwarder(forward_to, secret) as to:
        begun = await webhooks.time_at(api)
        output.message(f"Forwarding events of {api.address} to {forward_to}, signed with:", "dim")
        output.message(secret)
        async for event in webhooks.new_events(api, begun):
            await _forward(output, to, event)
    return DONE


async def _forward(output: "Terminal", to: "Forwarder", event: dict[str, Any]) -> None:
    _show(output, event, await to.send(event))


def _show(output: "Terminal", event: dict[str, Any], result: str) -> None:
    if output.as_json:
        output.write_json(event | ({"result": result} if result else {}))
    else:
        data = event["data"]
        name = view.plain(data.get("filename") or "")
        parts = (view.when(event["timestamp"]), event["type"], data["id"], name, result)
        output.write("  ".join(part for part in parts if part))
