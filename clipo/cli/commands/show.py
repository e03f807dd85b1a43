"""`clipo show`: shows a video."""

import os
from typing import TYPE_CHECKING, Annotated

from clipo.cli import picture, terminal, view
from clipo.cli.command import DONE, ApiOption, Id, JsonOption, ask
from clipo.client.address import page_url, program_for

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    video_id: Annotated[str, Id], *, api_url: ApiOption = None, as_json: JsonOption = False
) -> int:
    """Show a video: its metadata, its history, and what to do if it failed."""
    output = terminal.Terminal(as_json=as_json)
    return ask(api_url, output, lambda api: _show(api, output, video_id))


async def _show(api: "Api", output: "Terminal", video_id: str) -> int:
    video = await api.get(video_id)
    if output.as_json:
        output.write_json(video, indent=2)
        return DONE
    output.write(view.details(video, program=program_for(api.address, os.environ)))
    output.write_unwrapped(f"\n{page_url(api.address, video['id'])}")
    await picture.show(output, api, video)
    return DONE
