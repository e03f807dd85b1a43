"""`clipo retry`: has failed videos processed again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clipo import typed
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
from clipo.cli.later import later

if TYPE_CHECKING:
    from clipo.cli import view
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
else:
    view = later("clipo.cli.view")


def command(
    ids: Annotated[list[str], Id],
    *,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Have failed videos processed again."""
    on = open_terminal(as_json=as_json, quiet=quiet)
    return ask(api, on, lambda to: _retry(to, on, ids))


async def _retry(api: "Api", on: "Terminal", ids: Sequence[str]) -> int:
    async def one(video_id: str) -> None:
        video = await api.retry(video_id)
        if on.as_json:
            on.json(video)
        elif not on.quiet:
            on.data(f"retried  {video_id}  {view.plain(video['filename'])}")

    exit_code = await do_each(on, ids, one)
    if exit_code == DONE and not on.as_json:
        on.message(f"Follow: {typed.clipo()} watch {' '.join(ids)}", "dim")
    return exit_code
