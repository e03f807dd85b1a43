"""`clipo retry`: processes failed videos again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clipo.cli import view
from clipo.cli.command import (
    DONE,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    do_each,
    open_terminal,
)
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    ids: Annotated[list[str], Id],
    *,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process failed videos again."""
    on = open_terminal(as_json=as_json, quiet=quiet)
    return ask(api, on, lambda api: _retry(api, on, ids))


async def _retry(api: "Api", on: "Terminal", ids: Sequence[str]) -> int:
    async def retry(video_id: str) -> None:
        video = await api.retry(video_id)
        if on.as_json:
            on.write_json(video)
        elif not on.quiet:
            on.write(f"retried  {video_id}  {view.plain(video['filename'])}")

    exit_code = await do_each(on, ids, retry)
    if exit_code == DONE and not on.as_json:
        on.message(f"Follow: {program_name()} watch {' '.join(ids)}", "dim")
    return exit_code
