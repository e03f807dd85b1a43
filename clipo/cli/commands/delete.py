"""`clipo delete`: deletes videos after a confirmation."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import (
    FAILED,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    confirm,
    do_each,
)
from clipo.client import faults
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_NOTHING = "Nothing is deleted."


def command(
    ids: Annotated[list[str], Id],
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Delete without asking for confirmation.")
    ] = False,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="Remove the files for good, so that the operator cannot restore them."
        ),
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Delete videos with their files and thumbnails. A video that is gone already is no failure."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Deleting needs a confirmation. Without a terminal, confirm with --yes.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    names, exit_code = ask(api_url, output, lambda api: _look_up(api, output, ids))
    here = [name for name in names.values() if name]
    if here and not (yes or confirm(f"Delete {', '.join(here)}?", otherwise=_NOTHING)):
        output.message(_NOTHING)
        return FAILED
    return max(
        exit_code, ask(api_url, output, lambda api: _delete(api, output, names, purge=purge))
    )


async def _look_up(
    api: "Api", output: "Terminal", ids: Sequence[str]
) -> tuple[dict[str, str], int]:
    """Return the filenames, "" for a video that is gone, and the exit code: 1 after an error."""
    names: dict[str, str] = {}

    async def look_up(video_id: str) -> None:
        try:
            names[video_id] = view.plain((await api.get(video_id))["filename"])
        except faults.Problem as problem:
            if problem.code != "video_not_found":
                raise
            names[video_id] = ""

    return names, await do_each(output, ids, look_up)


async def _delete(api: "Api", output: "Terminal", names: dict[str, str], *, purge: bool) -> int:
    async def delete(video_id: str) -> None:
        await api.delete(video_id, purge=purge)
        if output.as_json:
            output.write_json({"id": video_id, "status": "deleted"})
        elif not output.quiet:
            output.write(f"deleted  {video_id}  {names[video_id] or '(it was gone already)'}")

    return await do_each(output, list(names), delete)
