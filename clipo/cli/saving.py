"""What `clipo image` and `clipo storyboard` have in common: the file that they write."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from clipo.cli import target, view
from clipo.cli.command import DONE, ask
from clipo.client import download
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

Fetch: TypeAlias = "Callable[[Api, str, Callable[[], None]], Awaitable[bytes]]"
"""Gets the bytes of a file with an extension; it calls the last argument before each wait."""


def output_option(ending: str) -> Any:
    """Return the option for the file, by default the video's name with an ending."""
    return typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="File to write, whose extension names the format, or folder for a JPEG; - for a JPEG"
        " to standard output.",
        show_default=f"the name of the video, with {ending}",
    )


def save(
    api_url: str | None,
    output: "Terminal",
    video_id: str,
    to: Path | None,
    fetch: Fetch,
    *,
    ending: str,
    extensions: Sequence[str],
    force: bool,
) -> int:
    """Get a file of a video and write it. Return the exit code.

    Without `to`, or in a folder, its name is the video's with `ending` in place of the extension.
    """
    if to == target.STDOUT:
        target.check_stdout(output)
    extension = _extension(to, extensions)

    def on_wait() -> None:
        output.message("Clipo is making it …", "dim")

    async def run(api: "Api") -> int:
        if to == target.STDOUT:
            output.write_bytes(await fetch(api, extension, on_wait))
            return DONE
        name = to
        if name is None or name.is_dir():
            name = _file(await api.get(video_id), name, ending)
        target.check(name, force=force)
        data = await fetch(api, extension, on_wait)
        with target.written(name) as unfinished:
            unfinished.write_bytes(data)
        return _report(output, video_id, name, len(data))

    return ask(api_url, output, run)


def _file(video: "Video", folder: Path | None, ending: str) -> Path:
    name = Path(download.safe_name(video))
    return (folder or Path()) / f"{name.stem}{ending}"


def _extension(to: Path | None, extensions: Sequence[str]) -> str:
    if to is None or to == target.STDOUT or to.is_dir():
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
