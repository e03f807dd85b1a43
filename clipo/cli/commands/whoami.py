"""`clipo whoami`: shows the credential in use and what it may do."""

from typing import TYPE_CHECKING

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, ask

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(*, api_url: ApiOption = None, as_json: JsonOption = False) -> int:
    """Show which credential commands use, and what it may do."""
    output = terminal.Terminal(as_json=as_json)
    return ask(api_url, output, lambda api: _whoami(api, output))


async def _whoami(api: "Api", output: "Terminal") -> int:
    me = await api.me()
    if output.as_json:
        output.write_json(me, indent=2)
    else:
        source = api.credential.source if api.credential else "none is needed"
        output.write(view.caller(me, api=api.address, source=source))
    return DONE
