"""`clipo delete`: deletes videos, once that is confirmed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli.command import (
    FAILED,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    do_each,
    explained,
    open_terminal,
)
from clipo.cli.later import later
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli import view
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
else:
    view = later("clipo.cli.view")


def command(
    ids: Annotated[list[str], Id],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Delete videos, their files and their thumbnails."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Deleting has to be confirmed: without a terminal to ask on, give --yes.")

    on = open_terminal(as_json=as_json, quiet=quiet)
    names, exit_code = ask(api, on, lambda to: _look_up(to, on, ids))
    if not names:
        return exit_code
    if not (yes or _confirmed(f"Delete {', '.join(names.values())}?")):
        on.message("Nothing is deleted.")
        return FAILED
    return max(exit_code, ask(api, on, lambda to: _delete(to, on, names)))


async def _look_up(api: "Api", on: "Terminal", ids: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the names of the videos that are there, and the exit code: 1 where one is not."""
    names: dict[str, str] = {}

    async def one(video_id: str) -> None:
        names[video_id] = view.plain((await api.get(video_id))["filename"])

    return names, await do_each(on, ids, one)


def _confirmed(question: str) -> bool:
    """Ask on the terminal. Never within `ask`: asyncio would put Ctrl-C off until the answer."""
    with explained(lambda: "Nothing is deleted."):
        try:
            return typer.confirm(question, err=True)
        except typer.Abort:  # Ctrl-C, or Ctrl-D
            raise KeyboardInterrupt from None


async def _delete(api: "Api", on: "Terminal", names: dict[str, str]) -> int:
    async def one(video_id: str) -> None:
        await api.delete(video_id)
        if on.as_json:
            on.json({"id": video_id, "status": "deleted"})
        elif not on.quiet:
            on.data(f"deleted  {video_id}  {names[video_id]}")

    return await do_each(on, list(names), one)
