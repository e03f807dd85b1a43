"""`clipo watch`: shows the progress of videos."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clipo.cli import terminal, view
from clipo.cli.command import DONE, FAILED, ApiOption, Id, JsonOption, QuietOption, ask
from clipo.client import watch

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Show each change of status: of the newest videos until Ctrl-C, or of some until they end."""
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    return ask(api_url, output, lambda api: _watch(api, output, ids or []))


async def _watch(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    exit_code = DONE

    def on_outage() -> None:
        output.message(f"{api.address} does not answer. Trying again for about a minute.", "yellow")

    if not ids:
        output.message(f"Watching {api.address}. Stop with Ctrl-C.", "dim")
    videos = watch.watch(api, ids, on_outage) if ids else watch.watch_newest(api, on_outage)
    async for video in videos:
        if ids and video["status"] == "failed":
            exit_code = FAILED
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(view.change(video))
    return exit_code
