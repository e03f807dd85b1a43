"""`clipo reprocess`: processes done videos again, as after an upgrade of Clipo."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

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
from clipo.client.faults import Fault
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli import view
    from clipo.cli.terminal import Terminal
    from clipo.client import watch
    from clipo.client.api import Api, Video
else:
    view = later("clipo.cli.view")
    watch = later("clipo.client.watch")

_AT_ONCE = 20
"""Videos a page: uploads of other people wait behind them no longer than these take."""

_Release: TypeAlias = tuple[int, ...]


class _OldResultKept(Fault):
    code = "old_result_kept"


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="Every done video that an older release of Clipo has processed, as in 0.2.0.",
            show_default=False,
        ),
    ] = None,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process done videos again. Each keeps its thumbnail until it has the new one."""
    if bool(ids) == bool(before):
        raise Misuse("Name videos or give --before: clipo reprocess ID…, or --before 0.2.0.")
    release = _release(before) if before else None
    on = open_terminal(as_json=as_json, quiet=quiet)
    return ask(api, on, lambda to: _reprocess_all(to, on, ids or [], release))


async def _reprocess_all(
    api: "Api", on: "Terminal", ids: Sequence[str], before: _Release | None
) -> int:
    exit_code = DONE
    async for batch in _made_before(api, before) if before else _one_batch(ids):
        exit_code = max(exit_code, await _reprocess(api, on, batch))
    return exit_code


async def _reprocess(api: "Api", on: "Terminal", ids: Sequence[str]) -> int:
    """Start some, and wait for all of them. Return the exit code."""
    started: dict[str, Video] = {}

    async def start(video_id: str) -> None:
        started[video_id] = await api.reprocess(video_id)

    async def finish(video_id: str) -> None:
        video = await watch.finished(api, video_id, lambda _: None)
        if video["processing"] == started[video_id]["processing"]:
            raise _OldResultKept(f"{video_id} could not be processed again; its old result stays.")
        if on.as_json:
            on.json(video)
        elif not on.quiet:
            on.data(f"reprocessed  {video_id}  {view.plain(video['filename'])}")

    return max(await do_each(on, ids, start), await do_each(on, list(started), finish))


async def _one_batch(ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield ids


async def _made_before(api: "Api", release: _Release) -> AsyncIterator[Sequence[str]]:
    """Yield the ids of done videos whose results older releases have made, a page at a time."""
    cursor = None
    while True:
        page = await api.page(status="done", limit=_AT_ONCE, cursor=cursor)
        # Release 0.1 has written none.
        made = {v["id"]: v["processing"].get("release") or "0.1" for v in page["data"]}
        yield [video_id for video_id, by in made.items() if _release(by) < release]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _release(text: str) -> _Release:
    try:
        return tuple(int(number) for number in text.split("."))
    except ValueError as error:
        raise Misuse(f"{text!r} is not a release of Clipo, as 0.2.0 is.") from error
