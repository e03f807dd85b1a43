"""`clipo webhooks add`: adds a webhook receiver."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, StackOption, ask_as_operator

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


class EventKind(StrEnum):
    """The types of events, for shell completion."""

    DONE = "video.done"
    FAILED = "video.failed"


def command(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address of the receiver.", show_default=False)
    ],
    *,
    event: Annotated[
        list[EventKind] | None,
        typer.Option(
            metavar="EVENT",
            help="Send only events of this type: video.done or video.failed. Can be repeated.",
            show_default="all",
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER", help="Send only events of this owner's videos.", show_default="all"
        ),
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the receiver is for.")
    ] = None,
    stack: StackOption = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Add a webhook receiver and show its signing secret once.

    Needs the root secret: that of the local stack in this folder, or with --stack that in AWS.
    An API key with the scope admin works, too.
    """
    output = terminal.Terminal(as_json=as_json)
    fields = {"url": url, "events": event, "owner": owner, "description": description}
    return ask_as_operator(stack, api_url, output, lambda api: _add(api, output, fields))


async def _add(api: "Api", output: "Terminal", fields: Mapping[str, object]) -> int:
    made = await api.create_receiver(**fields)
    if output.as_json:
        output.write_json(made)
        return DONE
    output.write(view.new_receiver(made))
    output.message("Copy the secret now: Clipo does not show it again.", "yellow")
    return DONE
