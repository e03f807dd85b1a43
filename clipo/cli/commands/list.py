"""`clipo list`: lists videos."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, QuietOption, ask
from clipo.client.address import program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_PAGE = 100
"""The largest page of the API, in videos."""


class Status(StrEnum):
    """The statuses of videos, for shell completion."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


def command(
    *,
    status: Annotated[
        Status | None, typer.Option(help="List videos with this status.", show_default="all")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER",
            help="List videos of this owner, if the key is for all owners.",
            show_default="all",
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", "-n", min=1, metavar="NUMBER", help="List at most this many videos."
        ),
    ] = 20,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """List videos, newest first."""
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(
        api_url, output, lambda api: _list(api, output, limit=limit, status=status, owner=owner)
    )


async def _list(
    api: "Api", output: "Terminal", *, limit: int, status: str | None, owner: str | None
) -> int:
    videos: list[Video] = []
    cursor, more = None, True
    while more and len(videos) < limit:
        size = min(limit - len(videos), _PAGE)
        found = await api.page(limit=size, status=status, owner=owner, cursor=cursor)
        videos += found["data"]
        cursor, more = found["next_cursor"], found["has_more"]
    if output.as_json:
        output.write_json(videos, indent=2)
    elif output.quiet:
        for video in videos:
            output.write(video["id"])
    elif videos:
        output.write(view.listing(videos, width=output.out.width))
    if not videos:
        kind = f"{status} videos" if status else "videos"
        program = program_for(api.address, os.environ)
        output.message(f"There are no {kind}. Upload one: {program} upload FILE")
    elif more:
        output.message(f"There are more: --limit {limit * 2}", "dim")
    return DONE
