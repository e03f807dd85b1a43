"""What `clipo image` and `clipo storyboard` have in common: the file that they write."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from clipo.cli import target, view
from clipo.cli.command import DONE, ask
from clipo.client import download
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

Fetch: TypeAlias = "Callable[[Api, str, Callable[[], None]], Awaitable[bytes]]"
"""Gets the bytes of a file with an extension; it calls the last argument before each wait."""

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="File to write, whose extension names the format; - for a JPEG to standard output.",
        show_default="the name of the video, with .jpg",
    ),
]


def save(
    api_url: str | None,
    output: "Terminal",
    video_id: str,
    to: Path | None,
    fetch: Fetch,
    *,
    extensions: Sequence[str],
    force: bool,
) -> int:
    """Get a file of a video and write it. Return the exit code."""
    if to == target.STDOUT:
        target.check_stdout(output)
    extension = _extension(to, extensions)

    def on_wait() -> None:
        output.message("Clipo is making it …", "dim")

    async def run(api: "Api") -> int:
        if to == target.STDOUT:
            output.write_bytes(await fetch(api, extension, on_wait))
            return DONE
        name = to or Path(download.safe_name(await api.get(video_id))).with_suffix(".jpg")
        target.check(name, force=force)
        data = await fetch(api, extension, on_wait)
        with target.written(name) as unfinished:
            unfinished.write_bytes(data)
        return _report(output, video_id, name, len(data))

    return ask(api_url, output, run)


def _extension(to: Path | None, extensions: Sequence[str]) -> str:
    if to is None or to == target.STDOUT:
        return "jpg"
    extension = to.suffix.lower().removeprefix(".").replace("jpeg", "jpg")
    if extension not in extensions:
        raise Misuse(f"The name of the file must end with one of: .{', .'.join(extensions)}.")
    return extension


def _report(output: "Terminal", video_id: str, file: Path, count: int) -> int:
    if output.as_json:
        output.write_json({"id": video_id, "file": str(file), "size": count})
    elif not output.quiet:
        output.write(f"saved  {view.plain(str(file))}  {view.size(count)}")
    return DONE
