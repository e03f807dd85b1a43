"""`clipo retry`: processes failed videos again."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, Id, JsonOption, QuietOption, ask, do_each
from clipo.client.address import program_for
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_FEW = 10
"""How many ids the suggested command names at most."""


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    all_failed: Annotated[
        bool,
        typer.Option("--all-failed", help="Process all failed videos that may succeed now."),
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process failed videos again."""
    if bool(ids) == all_failed:
        raise Misuse("Give either ids or --all-failed: clipo retry ID…, or --all-failed.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(api_url, output, lambda api: _retry(api, output, ids))


async def _retry(api: "Api", output: "Terminal", ids: Sequence[str] | None) -> int:
    if ids is None:
        ids = await _find_failed(api, output)
        if not ids:
            output.message("No failed video may succeed now.")
            return DONE

    async def retry(video_id: str) -> None:
        video = await api.retry(video_id)
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"retried  {video_id}  {view.plain(video['filename'])}")

    exit_code = await do_each(output, ids, retry)
    if exit_code == DONE and not output.as_json:
        program = program_for(api.address, os.environ)
        watched = "".join(f" {video_id}" for video_id in ids) if len(ids) <= _FEW else ""
        output.message(f"Follow: {program} watch{watched}", "dim")
    return exit_code


async def _find_failed(api: "Api", output: "Terminal") -> list[str]:
    """Return the ids of the failed videos that another attempt may help."""
    failed = [video async for video in api.each(status="failed")]
    ids = [video["id"] for video in failed if video["error"]["retryable"]]
    if left := len(failed) - len(ids):
        output.message(f"Left out, because a retry would fail again: {left:,}", "dim")
    return ids
