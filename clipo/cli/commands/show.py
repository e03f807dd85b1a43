"""`clipo show`: shows a video."""

from typing import TYPE_CHECKING, Annotated

from clipo.cli import picture, view
from clipo.cli.command import DONE, ApiOption, Id, JsonOption, ask, open_terminal
from clipo.client.address import page_url

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    video_id: Annotated[str, Id], *, api: ApiOption = None, as_json: JsonOption = False
) -> int:
    """Show a video: its metadata, its history, and what to do if it failed."""
    on = open_terminal(as_json=as_json)
    return ask(api, on, lambda api: _show(api, on, video_id))


async def _show(api: "Api", on: "Terminal", video_id: str) -> int:
    video = await api.get(video_id)
    if on.as_json:
        on.write_json(video, indent=2)
        return DONE
    on.write(view.details(video))
    on.write_unwrapped(f"\n{page_url(api.address, video['id'])}")
    await picture.show(on, api, video)
    return DONE
