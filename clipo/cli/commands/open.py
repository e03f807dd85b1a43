"""`clipo open`: opens the web page."""

import webbrowser
from typing import TYPE_CHECKING, Annotated

from clipo.cli import terminal
from clipo.cli.command import DONE, ApiOption, Id, ask
from clipo.client.address import page_url

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(video_id: Annotated[str | None, Id] = None, *, api_url: ApiOption = None) -> int:
    """Open the web page, or one video on it, in the browser; write its address."""
    output = terminal.Terminal()
    return ask(api_url, output, lambda api: _open(api, output, video_id))


async def _open(api: "Api", output: "Terminal", video_id: str | None) -> int:
    # Fails unless the page, or the video, is there.
    await (api.get(video_id) if video_id else api.health())
    address = page_url(api.address, video_id)
    output.write_unwrapped(address)
    if output.out.file.isatty() and not webbrowser.open(address):
        output.message("No browser was found: open this address in one.", "dim")
    return DONE
