"""`clipo retry`: processes failed videos again."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, Id, JsonOption, QuietOption, ask, do_each
from clipo.client.address import program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    ids: Annotated[list[str], Id],
    *,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process failed videos again."""
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(api_url, output, lambda api: _retry(api, output, ids))


async def _retry(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    async def retry(video_id: str) -> None:
        video = await api.retry(video_id)
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"retried  {video_id}  {view.plain(video['filename'])}")

    exit_code = await do_each(output, ids, retry)
    if exit_code == DONE and not output.as_json:
        program = program_for(api.address, os.environ)
        output.message(f"Follow: {program} watch {' '.join(ids)}", "dim")
    return exit_code
