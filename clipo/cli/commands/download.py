"""`clipo download`: saves the uploaded files of videos."""

from collections.abc import Container, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import bars, target, terminal, view
from clipo.cli.command import (
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    do_each,
    report_errors,
)
from clipo.cli.target import ForceOption
from clipo.client import download
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video
    from clipo.client.storage import StoredFile
    from clipo.client.upload import NewRow

_RESUME = "Stopped. Run the same command again to resume."


def command(
    ids: Annotated[list[str], Id],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File or folder to write to; - for standard output. The command creates a folder"
            " whose name ends with a slash.",
            show_default="the name that the video was uploaded with",
        ),
    ] = None,
    force: ForceOption = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Save the uploaded files of videos.

    After an interruption the same command resumes the download.
    """
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    place = _place(to, several=len(set(ids)) > 1) if to else None
    if place == target.STDOUT:
        target.check_stdout(output)
        return ask(api_url, output, lambda api: _stream(api, output, ids[0]))
    with report_errors(lambda: _RESUME):
        return ask(api_url, output, lambda api: _save_all(api, output, ids, place, force=force))


def _place(to: str, *, several: bool) -> Path:
    """Return the file or the folder to write to, which the command creates if it ends with `/`."""
    place = Path(to)
    if to.endswith("/"):
        target.make_folder(place)
    elif several and (place == target.STDOUT or place.is_file()):
        raise Misuse(f"Several videos need a folder: {program_name()} download ID… -o FOLDER")
    elif several and not place.is_dir():
        raise Misuse(f"There is no folder {place}. To create it, add a slash: -o {place}/")
    return place


async def _stream(api: "Api", output: "Terminal", video_id: str) -> int:
    async def stream(video_id: str) -> None:
        with bars.shown(output, bars.DOWNLOAD) as new_row:
            stored = await download.find(api, video_id)
            row = new_row(video_id, stored.size)
            await download.fetch(api, video_id, stored, output.write_bytes, row)

    return await do_each(output, [video_id], stream)


async def _save_all(
    api: "Api", output: "Terminal", ids: Sequence[str], to: Path | None, *, force: bool
) -> int:
    taken: set[Path] = set()

    async def save(video_id: str) -> None:
        video = await api.get(video_id)
        file = _distinct(_file(video, to), taken)
        taken.add(file)
        # A video without a file to deliver is the first thing to say, not that the name is taken.
        stored = await download.find(api, video_id)
        target.check(file, force=force)
        with bars.shown(output, bars.DOWNLOAD) as new_row:
            await _save(api, video_id, file, stored, new_row)
        if output.as_json:
            output.write_json({"id": video_id, "file": str(file), "size": video["size"]})
        elif not output.quiet:
            output.write(f"downloaded  {video_id}  {view.plain(str(file))}")

    return await do_each(output, ids, save)


def _file(video: "Video", to: Path | None) -> Path:
    if to and not to.is_dir():
        return to
    return (to or Path()) / download.safe_name(video)


def _distinct(file: Path, taken: Container[Path]) -> Path:
    """Return a file that is not taken: the given one, or `beach-2.mp4` beside `beach.mp4`."""
    numbered = (file.with_stem(f"{file.stem}-{number}") for number in count(2))
    return next(one for one in chain([file], numbered) if one not in taken)


async def _save(
    api: "Api", video_id: str, file: Path, stored: "StoredFile", new_row: "NewRow"
) -> None:
    with download.open_unfinished(file, stored) as opened:
        row = new_row(file.name, stored.size)
        if start := opened.tell():
            row.resume(start)
        await download.fetch(api, video_id, stored, opened.write, row, start=start)
