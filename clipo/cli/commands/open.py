"""`clipo open`: opens the web page."""

from typing import TYPE_CHECKING, Annotated

from clipo.cli.command import DONE, ApiOption, Id, ask, open_terminal
from clipo.cli.later import later
from clipo.client.address import page

if TYPE_CHECKING:
    import webbrowser

    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
else:
    webbrowser = later("webbrowser")


def command(video_id: Annotated[str | None, Id] = None, *, api: ApiOption = None) -> int:
    """Open the web page, or a video on it."""
    on = open_terminal()
    return ask(api, on, lambda to: _open(to, on, video_id))


async def _open(api: "Api", on: "Terminal", video_id: str | None) -> int:
    """Open the page in a browser where there is one, and tell its address."""
    await (api.get(video_id) if video_id else api.health())
    address = page(api.address, video_id)
    on.whole(address)
    if on.out.file.isatty() and not webbrowser.open(address):
        on.message("There is no browser here: open the address in one.", "dim")
    return DONE
