"""`clipo show`: shows a video."""

from typing import TYPE_CHECKING, Annotated

from clipo.cli.command import DONE, ApiOption, Id, JsonOption, ask, open_terminal
from clipo.cli.later import later
from clipo.client.address import page

if TYPE_CHECKING:
    from clipo.cli import picture, view
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
else:
    picture = later("clipo.cli.picture")
    view = later("clipo.cli.view")


def command(
    video_id: Annotated[str, Id],
    *,
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show a video: what is in it, what happened, and what to do."""
    on = open_terminal(as_json=as_json)
    return ask(api, on, lambda to: _show(to, on, video_id))


async def _show(api: "Api", on: "Terminal", video_id: str) -> int:
    video = await api.get(video_id)
    if on.as_json:
        on.json(video, indent=2)
        return DONE
    on.data(view.details(video))
    on.whole(f"\n{page(api.address, video['id'])}")
    await picture.show(on, api, video)
    return DONE
