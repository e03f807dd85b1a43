"""`clipo image`: saves the picture of a moment of a video."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clipo.cli import saving, terminal
from clipo.cli.command import ApiOption, Id, JsonOption, QuietOption
from clipo.cli.target import ForceOption
from clipo.client import pictures
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.client.api import Api

_ENDING = ".jpg"
SMALLEST_SIDE, LARGEST_SIDE = 16, 4096
"""The API's limits of a picture's width and height, in pixels."""
_LARGEST_SHARE = 100


def _moment(text: str) -> str:
    """Return a moment as the API takes it: in seconds, or as a share of the duration."""
    if clock := re.fullmatch(r"(?:(\d+):)?(\d+):(\d\d)(\.\d+)?", text, re.ASCII):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups()[:3])
        return f"{hours * 3600 + minutes * 60 + seconds}{clock[4] or ''}"
    if not re.fullmatch(r"\d+(\.\d+)?%?", text, re.ASCII):
        raise typer.BadParameter(f"{text!r} is not a moment like 12, 12.5 (seconds), 0:12 or 10%.")
    if text.endswith("%") and float(text[:-1]) > _LARGEST_SHARE:
        raise typer.BadParameter(f"{text!r} is more than 100%, the end of the video.")
    return text


def command(
    video_id: Annotated[str, Id],
    *,
    moment: Annotated[
        str | None,
        typer.Option(
            "--time",
            "-t",
            metavar="TIME",
            parser=_moment,
            help="Moment in seconds, such as 12.5 or 00:00:12.5, or as a share of the duration,"
            " such as 10%.",
            show_default="the moment of the thumbnail",
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            "-w",
            min=SMALLEST_SIDE,
            max=LARGEST_SIDE,
            metavar="PIXELS",
            help="Width.",
            show_default="640",
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            "--height", min=SMALLEST_SIDE, max=LARGEST_SIDE, metavar="PIXELS", help="Height."
        ),
    ] = None,
    fit: Annotated[
        Literal["contain", "cover"],
        typer.Option(
            help="contain: the whole frame. cover: the middle of the frame, which fills width and"
            " height."
        ),
    ] = "contain",
    to: Annotated[Path | None, saving.output_option(_ENDING)] = None,
    force: ForceOption = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Save the picture of a moment, never larger than the video."""
    if fit == "cover" and not (width and height):
        raise Misuse("--fit cover needs --width and --height.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    # Without it, addresses of the whole frame stay the same as those of other clients.
    query = {"t": moment, "w": width, "h": height, "fit": "cover" if fit == "cover" else None}

    async def fetch(api: "Api", extension: str, on_wait: Callable[[], None]) -> bytes:
        return await pictures.fetch(api, video_id, f"image.{extension}", on_wait, **query)

    return saving.save(
        api_url,
        output,
        video_id,
        to,
        fetch,
        ending=_ENDING,
        extensions=("jpg", "webp"),
        force=force,
    )
