"""`clipo reprocess`: processes done videos again, for example after an upgrade of Clipo."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, Id, JsonOption, QuietOption, ask, do_each
from clipo.client import faults, watch
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_AT_ONCE = 20
"""Videos to process at once: new uploads wait behind so many at most."""

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
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process done videos again. Each keeps its old result until the new one is there."""
    if bool(ids) == bool(before):
        again = f"{program_name()} reprocess"
        raise Misuse(f"Give either ids or --before: {again} ID…, or {again} --before 0.2.0.")
    release = _release(before) if before else None
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(api_url, output, lambda api: _reprocess_all(api, output, ids or [], release))


async def _reprocess_all(
    api: "Api", output: "Terminal", ids: Sequence[str], before: _Release | None
) -> int:
    exit_code, count = DONE, 0
    async for batch in _processed_before(api, before) if before else _one_batch(ids):
        exit_code = max(exit_code, await _reprocess(api, output, batch))
        count += len(batch)
    if not count:
        output.message("No done video has a result of an older release.")
    return exit_code


async def _reprocess(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    """Process a batch, and wait for all of it. Return the exit code."""
    started: dict[str, Video] = {}

    async def start(video_id: str) -> None:
        started[video_id] = await api.reprocess(video_id)

    async def finish(video_id: str) -> None:
        video = await watch.wait_until_finished(api, video_id, lambda _: None)
        if video["processing"] == started[video_id]["processing"]:
            raise faults.OldResultKept(
                f"{video_id} could not be processed again; its old result stays."
            )
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"reprocessed  {video_id}  {view.plain(video['filename'])}")

    return max(await do_each(output, ids, start), await do_each(output, list(started), finish))


async def _one_batch(ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield ids


async def _processed_before(api: "Api", release: _Release) -> AsyncIterator[Sequence[str]]:
    """Yield the ids of done videos that older releases processed, a page at a time."""
    cursor = None
    while True:
        page = await api.page(status="done", limit=_AT_ONCE, cursor=cursor)
        # Release 0.1 recorded no release.
        releases = {v["id"]: v["processing"].get("release") or "0.1" for v in page["data"]}
        yield [video_id for video_id, by in releases.items() if _release(by) < release]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _release(text: str) -> _Release:
    try:
        return tuple(int(number) for number in text.split("."))
    except ValueError as error:
        raise Misuse(f"{text!r} is not a release number, for example 0.2.0.") from error
