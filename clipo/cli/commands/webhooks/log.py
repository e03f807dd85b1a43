"""`clipo webhooks log`: lists webhook deliveries."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, ask, check_video_id
from clipo.client import api as api_client
from clipo.client import webhooks

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


class DeliveryState(StrEnum):
    """The statuses of deliveries, for shell completion."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def command(
    *,
    video: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            parser=check_video_id,
            help="List deliveries of this video.",
            show_default="all",
        ),
    ] = None,
    receiver: Annotated[
        str | None,
        typer.Option(metavar="ID", help="List deliveries to this receiver.", show_default="all"),
    ] = None,
    status: Annotated[
        DeliveryState | None,
        typer.Option(help="List deliveries with this status.", show_default="all"),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", "-n", min=1, metavar="NUMBER", help="List at most this many deliveries."
        ),
    ] = 20,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """List webhook deliveries of the last 7 days, newest first."""
    output = terminal.Terminal(as_json=as_json)
    filters = {"video_id": video, "receiver": receiver, "status": status}
    return ask(api_url, output, lambda api: _list(api, output, limit, filters))


async def _list(
    api: "Api", output: "Terminal", limit: int, filters: Mapping[str, str | None]
) -> int:
    found: list[dict[str, Any]] = []
    cursor, more = None, True
    while more and len(found) < limit:
        size = min(limit - len(found), api_client.LARGEST_PAGE)
        page = await api.deliveries(limit=size, cursor=cursor, **filters)
        found += page["data"]
        cursor = page["next_cursor"]
        more = cursor is not None
    if output.as_json:
        output.write_json(found, indent=2)
    elif found:
        output.write(view.deliveries(found, width=output.out.width))
    elif off := await webhooks.why_off(api):
        output.message(off.document()["message"])
    elif any(filters.values()):
        output.message("The log has no such delivery.")
    else:
        output.message("There are no deliveries yet.")
    return DONE
