"""`clipo reprocess`: processes done videos again, for example after an upgrade of Clipo."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from clipo.cli import terminal, view
from clipo.cli.command import (
    DONE,
    FAILED,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    confirm,
    do_each,
)
from clipo.client import faults, watch
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_AT_ONCE = 20
"""Videos to process at once: new uploads wait behind so many at most."""

_NOTHING = "Nothing is processed again."

_Release: TypeAlias = tuple[int, ...]


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="Process all done videos with a result of an older release, for example 0.2.0.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Process without asking for confirmation.")
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process done videos again. Each keeps its old result until the new one is there."""
    if bool(ids) == bool(before):
        again = f"{program_name()} reprocess"
        raise Misuse(f"Give either ids or --before: {again} ID…, or {again} --before 0.2.0.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    if not before:
        return ask(api_url, output, lambda api: _reprocess(api, output, ids or [], []))
    release = _release(before)
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Many videos need a confirmation. Without a terminal, confirm with --yes.")
    return _reprocess_older(api_url, output, release, asks=not yes)


def _reprocess_older(
    api_url: str | None, output: "Terminal", release: _Release, *, asks: bool
) -> int:
    found = ask(api_url, output, lambda api: _processed_before(api, release))
    if not found:
        output.message("No done video has a result of an older release.")
        return DONE
    videos = "done video" if len(found) == 1 else "done videos"
    if asks and not confirm(f"Process {len(found):,} {videos} again?", otherwise=_NOTHING):
        output.message(_NOTHING)
        return FAILED
    return ask(api_url, output, lambda api: _reprocess_all(api, output, found))


async def _reprocess_all(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    exit_code, done = DONE, list[str]()
    for start in range(0, len(ids), _AT_ONCE):
        batch = ids[start : start + _AT_ONCE]
        exit_code = max(exit_code, await _reprocess(api, output, batch, done))
    output.message(f"{len(done):,} of {len(ids):,} reprocessed.")
    return exit_code


async def _reprocess(api: "Api", output: "Terminal", ids: Sequence[str], done: list[str]) -> int:
    """Process a batch, wait for all of it, and add ids to `done`. Return the exit code."""
    started: dict[str, Video] = {}

    async def start(video_id: str) -> None:
        started[video_id] = await api.reprocess(video_id)

    async def finish(video_id: str) -> None:
        video = await watch.wait_until_finished(api, video_id, lambda _: None)
        if video["processing"] == started[video_id]["processing"]:
            raise faults.OldResultKept(
                f"{video_id} could not be processed again; its old result stays."
            )
        done.append(video_id)
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"reprocessed  {video_id}  {view.plain(video['filename'])}")

    return max(await do_each(output, ids, start), await do_each(output, list(started), finish))


async def _processed_before(api: "Api", release: _Release) -> list[str]:
    """Return the ids of done videos that older releases processed."""
    # Release 0.1 recorded no release.
    return [
        video["id"]
        async for video in api.each(status="done")
        if _release(video["processing"].get("release") or "0.1") < release
    ]


def _release(text: str) -> _Release:
    try:
        return tuple(int(number) for number in text.split("."))
    except ValueError as error:
        raise Misuse(f"{text!r} is not a release number, for example 0.2.0.") from error
