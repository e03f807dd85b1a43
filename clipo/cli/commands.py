"""What each command does with the API and the terminal. All return the exit code."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.text import Text

from clipo import typed
from clipo.cli import picture, view
from clipo.cli.bars import Bars, Lines
from clipo.cli.sample import sample
from clipo.cli.terminal import Terminal, plain
from clipo.client import watch
from clipo.client.address import page
from clipo.client.api import Api, Video
from clipo.client.faults import Fault
from clipo.client.uploads import GivenFile, Outcome, Uploads, given_files

DONE, FAILED, INTERRUPTED = 0, 1, 130
_PAGE = 100
"""Videos that the API lists at once, at most."""


class Upload:
    """`clipo upload`. Keeps what a person is told who presses Ctrl-C."""

    def __init__(self, terminal: Terminal, *, wait: bool) -> None:
        """Take whether to follow each video to its end."""
        self._terminal = terminal
        self._wait = wait
        self._uploads: Uploads | None = None
        self._sample = False

    async def run(self, api: Api, files: Sequence[Path], *, with_sample: bool) -> int:
        """Upload files, and a sample where it is wanted."""
        self._sample = with_sample and not files
        self._uploads = Uploads(api, wait=self._wait)
        with ExitStack() as until_the_end:
            sent = given_files(files)
            if len(sent) < len(files):
                self._terminal.message("A file that is named twice is uploaded once.", "yellow")
            if with_sample:
                self._terminal.message("Making a sample of 5 s.", "dim")
                clip = until_the_end.enter_context(sample())
                sent.append(GivenFile(clip, clip.name, lasting=False))
            outcomes = await self._shown(api, self._uploads, sent)
        good = sum(outcome.good for outcome in outcomes)
        if len(outcomes) > 1:
            style = "" if good == len(outcomes) else "red"
            what = "done" if self._wait else "uploaded"
            self._terminal.message(f"{good} of {len(outcomes)} videos are {what}.", style)
        return DONE if good == len(outcomes) else FAILED

    def interrupted(self) -> str:
        """Return what to tell a person who has pressed Ctrl-C."""
        if self._uploads and self._uploads.all_sent:
            return f"Everything is uploaded, and is processed without us: see {typed.clipo()} list"
        if self._sample:
            return "Stopped."
        return "Stopped. The same command goes on where it was."

    async def _shown(self, api: Api, uploads: Uploads, files: Sequence[GivenFile]) -> list[Outcome]:
        if not self._terminal.animated:
            return await uploads.run(files, Lines(self._terminal).row, partial(self._tell, api))
        # Nothing may be written to a terminal on which bars are drawn, and a pipe may end on it.
        ended: list[Outcome] = []
        try:
            with Bars(self._terminal) as bars:
                outcomes = await uploads.run(files, bars.row, ended.append)
        except asyncio.CancelledError:
            for outcome in ended:
                self._tell(api, outcome)
            raise
        for outcome in outcomes:
            self._tell(api, outcome)
            await self._picture(api, outcome)
        return outcomes

    def _tell(self, api: Api, outcome: Outcome) -> None:
        if outcome.error:
            self._terminal.error(f"{plain(outcome.file.given)}: {plain(str(outcome.error))}")
        if outcome.file.lasting and getattr(outcome.error, "goes_on", False):
            self._terminal.error("The same command goes on where it was.", "default")
        if self._terminal.as_json:
            self._terminal.json(_document(api, outcome))
        elif outcome.video and self._terminal.quiet:
            self._terminal.data(outcome.video["id"])
        elif outcome.video:
            self._terminal.data(view.result(outcome.video, name=outcome.file.name))
            self._terminal.whole(f"  {page(api.address, outcome.video['id'])}")

    async def _picture(self, api: Api, outcome: Outcome) -> None:
        video = outcome.video
        if video and video["thumbnail"] and not (self._terminal.as_json or self._terminal.quiet):
            await show_picture(self._terminal, api, video)


async def show_picture(terminal: Terminal, api: Api, video: Video) -> None:
    """Draw a video's thumbnail where the terminal can."""
    if not picture.possible(terminal):
        return
    try:
        picture.show(terminal, await api.thumbnail(video["id"]))
    except Fault as fault:
        terminal.message(f"The thumbnail cannot be shown: {fault}", "dim")


def _document(api: Api, outcome: Outcome) -> Video:
    document: Video = {"file": outcome.file.given}
    if outcome.video:
        document |= outcome.video | {"page": page(api.address, outcome.video["id"])}
        document.pop("upload", None)
    if outcome.error:
        document["error"] = outcome.error.document()
    return document


async def list_videos(api: Api, terminal: Terminal, *, status: str | None, limit: int) -> int:
    """Show the newest videos."""
    videos: list[Video] = []
    cursor, more = None, True
    while more and len(videos) < limit:
        found = await api.page(status=status, limit=min(limit - len(videos), _PAGE), cursor=cursor)
        videos += found["data"]
        cursor, more = found["next_cursor"], found["has_more"]
    if terminal.as_json:
        terminal.json(videos, indent=2)
    elif terminal.quiet:
        for video in videos:
            terminal.data(video["id"])
    elif videos:
        terminal.data(view.listing(videos, width=terminal.out.width))
    if not videos:
        of_status = f" that are {status}" if status else ""
        terminal.message(f"There are no videos{of_status}. Upload one: {typed.clipo()} upload FILE")
    elif more:
        terminal.message(f"There are more: --limit {limit * 2}", "dim")
    return DONE


async def show_video(api: Api, terminal: Terminal, video_id: str) -> int:
    """Show everything about a video."""
    video = await api.get(video_id)
    if terminal.as_json:
        terminal.json(video, indent=2)
        return DONE
    terminal.data(view.details(video))
    terminal.whole(f"\n{page(api.address, video['id'])}")
    if video["thumbnail"]:
        await show_picture(terminal, api, video)
    return DONE


async def retry_videos(api: Api, terminal: Terminal, ids: Sequence[str]) -> int:
    """Have failed videos processed again."""

    async def one(video_id: str) -> None:
        video = await api.retry(video_id)
        if terminal.as_json:
            terminal.json(video)
        elif not terminal.quiet:
            terminal.data(Text.assemble("retried  ", video_id, "  ", plain(video["filename"])))

    exit_code = await _each(terminal, ids, one)
    if exit_code == DONE and not terminal.as_json:
        terminal.message(f"Follow: {typed.clipo()} watch {' '.join(ids)}", "dim")
    return exit_code


async def look_up(api: Api, terminal: Terminal, ids: Sequence[str]) -> tuple[list[Video], int]:
    """Return the videos that are there, and the exit code: 1 where one is not."""
    found: list[Video] = []

    async def one(video_id: str) -> None:
        found.append(await api.get(video_id))

    return found, await _each(terminal, ids, one)


def names(videos: Sequence[Video]) -> str:
    """Return what a person knows the videos by."""
    return ", ".join(plain(video["filename"]) for video in videos)


async def delete_videos(api: Api, terminal: Terminal, videos: Sequence[Video]) -> int:
    """Delete videos."""
    found = {video["id"]: plain(video["filename"]) for video in videos}

    async def one(video_id: str) -> None:
        await api.delete(video_id)
        if terminal.as_json:
            terminal.json({"id": video_id, "status": "deleted"})
        elif not terminal.quiet:
            terminal.data(f"deleted  {video_id}  {found[video_id]}")

    return await _each(terminal, list(found), one)


async def _each(
    terminal: Terminal, ids: Sequence[str], action: Callable[[str], Awaitable[None]]
) -> int:
    """Do the same to each video, whatever becomes of the others."""
    exit_code = DONE
    for video_id in dict.fromkeys(ids):
        try:
            await action(video_id)
        except Fault as fault:
            terminal.error(plain(str(fault)))
            if terminal.as_json:
                terminal.json({"id": video_id, "error": fault.document()})
            exit_code = FAILED
    return exit_code


async def watch_videos(api: Api, terminal: Terminal, ids: Sequence[str]) -> int:
    """Show a line for each change; with ids until all of them are finished."""
    exit_code = DONE
    if not ids:
        terminal.message(f"Watching {api.address}. Stop with Ctrl-C.", "dim")
    async for video in watch.changes_of(api, ids) if ids else watch.changes(api):
        if ids and video["status"] == "failed":
            exit_code = FAILED
        if terminal.as_json:
            terminal.json(video)
        elif not terminal.quiet:
            terminal.data(_change(video))
    return exit_code


def _change(video: Video) -> Text:
    line = Text(f"{datetime.now():%H:%M:%S}  ", style="dim")  # noqa: DTZ005 (a wall clock)
    line.append(f"{video['id']}  ", style="default")
    line.append(f"{video['status']:10}", style=view.STYLES.get(video["status"], "yellow"))
    failed = video["status"] == "failed"
    said = video["error"]["code"] if failed else view.media_line(video)
    return line.append(f"  {plain(video['filename'])}  {said}", style="default")


async def open_page(
    api: Api, terminal: Terminal, video_id: str | None, *, browse: Callable[[str], bool]
) -> int:
    """Open the page in a browser where there is one, and tell its address."""
    await (api.get(video_id) if video_id else api.health())
    address = page(api.address, video_id)
    terminal.whole(address)
    if terminal.out.is_terminal and not browse(address):
        terminal.message("There is no browser here: open the address in one.", "dim")
    return DONE
