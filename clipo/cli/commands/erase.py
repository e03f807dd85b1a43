"""`clipo erase`: removes all that Clipo stores of one owner."""

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import terminal, view
from clipo.cli.command import DONE, FAILED, ApiOption, JsonOption, QuietOption, ask, confirm
from clipo.client.address import program_for
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_NOTHING = "Nothing is erased."


def command(
    *,
    owner: Annotated[str, typer.Option(metavar="OWNER", help="Whose data to remove.")],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Erase without asking for confirmation.")
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Remove all videos of an owner for good, with their files. API keys stay.

    After an interruption the same command continues.
    """
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Erasing needs a confirmation. Without a terminal, confirm with --yes.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    question = f"Erase all videos of {view.plain(owner)} for good?"
    if not (yes or confirm(question, otherwise=_NOTHING)):
        output.message(_NOTHING)
        return FAILED
    return ask(api_url, output, lambda api: _erase(api, output, owner))


async def _erase(api: "Api", output: "Terminal", owner: str) -> int:
    total: Counter[str] = Counter()
    while not total.pop("finished", 0):
        total.update(await api.erase(owner))
    report = dict(total)
    if output.as_json:
        output.write_json({"owner": owner} | report)
        return DONE
    if not output.quiet:
        count = report["videos"]
        videos = "video" if count == 1 else "videos"
        output.write(f"erased  {view.plain(owner)}  {count:,} {videos}")
    if left := report["api_keys_left"]:
        program = program_for(api.address, os.environ)
        output.message(
            f"API keys for this owner that still work: {left}. List them with {program} keys list,"
            f" and revoke them with {program} keys revoke."
        )
    return DONE
