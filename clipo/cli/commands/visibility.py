"""`clipo visibility`: makes videos public or private."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clipo.cli import terminal, view
from clipo.cli.command import ApiOption, Id, JsonOption, QuietOption, ask, do_each

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    visibility: Annotated[
        Literal["public", "private"],
        typer.Argument(
            metavar="public|private",
            help="Whether everyone gets the file, or only callers with a credential.",
        ),
    ],
    ids: Annotated[list[str], Id],
    *,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Make videos public or private.

    Everyone who knows the address of a public video gets its file and its pictures.
    """
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(api_url, output, lambda api: _set(api, output, visibility, ids))


async def _set(api: "Api", output: "Terminal", visibility: str, ids: Sequence[str]) -> int:
    async def set_one(video_id: str) -> None:
        video = await api.set_visibility(video_id, visibility)
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"{video['visibility']}  {video_id}  {view.plain(video['filename'])}")

    return await do_each(output, ids, set_one)
