"""`clipo storyboard`: saves the storyboard of a video."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from clipo.cli import saving, terminal
from clipo.cli.command import ApiOption, Id, JsonOption, QuietOption
from clipo.cli.target import ForceOption
from clipo.client import pictures

if TYPE_CHECKING:
    from clipo.client.api import Api

_ENDING = "-storyboard.jpg"
_EXTENSIONS = ("jpg", "webp", "vtt", "json")


def command(
    video_id: Annotated[str, Id],
    *,
    to: Annotated[Path | None, saving.output_option(_ENDING)] = None,
    force: ForceOption = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Save the storyboard: one sheet with small pictures of the whole video.

    The extensions .vtt and .json save what says where on the sheet each moment is.
    """
    output = terminal.Terminal(as_json=as_json, quiet=quiet)

    async def fetch(api: "Api", extension: str, on_wait: Callable[[], None]) -> bytes:
        return await pictures.fetch(api, video_id, f"storyboard.{extension}", on_wait)

    return saving.save(
        api_url, output, video_id, to, fetch, ending=_ENDING, extensions=_EXTENSIONS, force=force
    )
