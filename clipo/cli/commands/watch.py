"""`clipo watch`: shows videos as they move."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clipo.cli.command import (
    DONE,
    FAILED,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    open_terminal,
)
from clipo.cli.later import later

if TYPE_CHECKING:
    from clipo.cli import view
    from clipo.cli.terminal import Terminal
    from clipo.client import watch
    from clipo.client.api import Api
else:
    view = later("clipo.cli.view")
    watch = later("clipo.client.watch")


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Show videos as they move: all until Ctrl-C, or some until they are finished."""
    on = open_terminal(as_json=as_json, quiet=quiet)
    return ask(api, on, lambda to: _watch(to, on, ids or []))


async def _watch(api: "Api", on: "Terminal", ids: Sequence[str]) -> int:
    exit_code = DONE
    if not ids:
        on.message(f"Watching {api.address}. Stop with Ctrl-C.", "dim")
    async for video in watch.changes_of(api, ids) if ids else watch.changes(api):
        if ids and video["status"] == "failed":
            exit_code = FAILED
        if on.as_json:
            on.json(video)
        elif not on.quiet:
            on.data(view.change(video))
    return exit_code
