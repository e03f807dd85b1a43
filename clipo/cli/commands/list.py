"""`clipo list`: lists videos."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clipo import typed
from clipo.cli.command import DONE, ApiOption, JsonOption, QuietOption, ask, open_terminal
from clipo.cli.later import later

if TYPE_CHECKING:
    from clipo.cli import view
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video
else:
    view = later("clipo.cli.view")

_PAGE = 100
"""Videos that the API lists at once, at most."""


class Status(StrEnum):
    """What a video can be, for the completion."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


def command(
    *,
    status: Annotated[Status | None, typer.Option(help="Only videos of this status.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Videos at most.")] = 20,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """List videos, newest first."""
    on = open_terminal(as_json=as_json, quiet=quiet)
    return ask(api, on, lambda to: _list(to, on, status=status, limit=limit))


async def _list(api: "Api", on: "Terminal", *, status: str | None, limit: int) -> int:
    videos: list[Video] = []
    cursor, more = None, True
    while more and len(videos) < limit:
        found = await api.page(status=status, limit=min(limit - len(videos), _PAGE), cursor=cursor)
        videos += found["data"]
        cursor, more = found["next_cursor"], found["has_more"]
    if on.as_json:
        on.json(videos, indent=2)
    elif on.quiet:
        for video in videos:
            on.data(video["id"])
    elif videos:
        on.data(view.listing(videos, width=on.out.width))
    if not videos:
        of_status = f" that are {status}" if status else ""
        on.message(f"There are no videos{of_status}. Upload one: {typed.clipo()} upload FILE")
    elif more:
        on.message(f"There are more: --limit {limit * 2}", "dim")
    return DONE
