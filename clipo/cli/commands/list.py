"""`clipo list`: lists videos."""

import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import moment, terminal, view
from clipo.cli.command import DONE, ApiOption, IdsOnlyOption, JsonOption, ask
from clipo.cli.selection import owner_name
from clipo.client import api as client
from clipo.client.address import program_for
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video


_LIMIT = 20
"""Videos in a list without `--limit`."""


class Status(StrEnum):
    """The statuses of videos, for shell completion."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


def command(
    *,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            metavar="STATUS",
            case_sensitive=False,
            help="List videos that are pending, processing, done or failed. Can be repeated.",
            show_default="all",
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER",
            parser=owner_name,
            help="List videos of this owner, if the key is for all owners.",
            show_default="all",
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="List videos whose name begins with TEXT, or whose id or passthrough it is;"
            " by name.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            parser=moment.parse,
            help="List videos announced since then: 2026-11-28, 2026-11-28T18:00, or 7d for the"
            " last seven days.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List all videos.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            metavar="NUMBER",
            help="List at most this many videos.",
            show_default=str(_LIMIT),
        ),
    ] = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: IdsOnlyOption = False,
) -> int:
    """List videos, newest first."""
    if everything and limit:
        raise Misuse("Give either --all or --limit.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    wanted = sys.maxsize if everything else limit or _LIMIT
    filters = {"status": status, "owner": owner, "search": search, "created_after": since}
    return ask(api_url, output, lambda api: _list(api, output, wanted, filters))


async def _list(
    api: "Api",
    output: "Terminal",
    limit: int,
    filters: Mapping[str, str | Sequence[str] | None],
) -> int:
    videos: list[Video] = []
    cursor, more = None, True
    while more and len(videos) < limit:
        size = min(limit - len(videos), client.LARGEST_PAGE)
        found = await api.page(limit=size, cursor=cursor, **filters)
        videos += found["data"]
        cursor, more = found["next_cursor"], found["has_more"]
    if output.as_json:
        output.write_json(videos, indent=2)
    elif output.quiet:
        for video in videos:
            output.write(video["id"])
    elif videos:
        output.write(view.listing(videos, width=output.out.width))
    if not videos and any(filters.values()):
        program = program_for(api.address, os.environ)
        output.message(f"No video matches. List all of them: {program} list")
    elif not videos:
        program = program_for(api.address, os.environ)
        output.message(f"There are no videos. Upload one: {program} upload FILE")
    elif more:
        output.message(f"There are more: --limit {limit * 2}, or --all", "dim")
    return DONE
