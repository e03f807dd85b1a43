"""What `clipo` shows without a command: the stack, the API, its newest videos, what to do next."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from clipo.cli import terminal, view
from clipo.cli.command import DONE, ask, ask_with
from clipo.client import address, profiles
from clipo.client.faults import Problem
from clipo.errors import ClipoError
from clipo.local import checkout
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_NEWEST = 3
_PATIENCE_S = 2
"""How long to wait for an answer at the default address, which another program may have."""
_STACK = "Local stack"


def version() -> str:
    """Return the installed version."""
    return metadata.version("clipo")


def show(option: str | None) -> int:
    """Show the overview. `option` is the value of `--api`."""
    output = terminal.Terminal()
    home = address.home(os.environ)
    stack = address.find_local_stack(home)
    output.write(f"Clipo {version()}")
    output.write("")
    rows = [(_STACK, _state(stack, home.root))]
    names = profiles.names()
    if names:
        rows.append(("Profiles", ", ".join(names)))
    output.write(view.grid(rows))
    by_default = not stack and not address.is_chosen(option, os.environ)
    chosen = None
    # Another program at the default address gets no credential.
    if not by_default or ask_with(address.DEFAULT, None, output, _is_clipo):
        chosen = address.without_login(address.choose(option, os.environ))
    note = "the default; " if by_default else ""
    reached = chosen and ask(option, output, lambda api: _show_api(api, output, note))
    output.write("\nNext")
    # The first profile is an example. After --api or --profile the user needs none.
    offered = [] if address.is_chosen(option, os.environ) else names[:1]
    commands = _next_commands(stack, chosen, offered, reached=bool(reached))
    output.write(view.grid(list(commands)))
    return DONE


async def _is_clipo(api: "Api") -> bool:
    import asyncio  # noqa: PLC0415 (slow: `clipo --help` does without it)

    with suppress(ClipoError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await api.health()
        return True
    return False


def _state(stack: str | None, folder: Path) -> str:
    if stack:
        return f"runs at {stack}"
    return f"does not run in {folder}" if checkout.is_here() else "needs a checkout of Clipo"


async def _show_api(api: "Api", output: "Terminal", note: str) -> bool:
    """Show the API, with a note, and its newest videos; return whether it answers this caller."""
    try:
        reached = view.reach(await api.me(), api=api.address).replace(" (", f" ({note}", 1)
        output.write(view.grid([("API", reached)], name_width=len(_STACK)))
        videos: list[Video] = (await api.page(limit=_NEWEST))["data"]
    except ClipoError as error:
        if isinstance(error, Problem) and error.code == "unauthenticated" and not api.credential:
            closed = f"{api.address} ({note}closed: log in with an API key)"
            output.write(view.grid([("API", closed)], name_width=len(_STACK)))
            return False
        output.error(view.plain(str(error)))
        return False
    if videos:
        output.write("\nNewest videos")
        output.write(view.listing(videos, width=output.out.width))
    return True


def _next_commands(
    stack: str | None, chosen: str | None, names: Sequence[str], *, reached: bool
) -> Iterator[tuple[str, str]]:
    program = address.program_for(chosen, os.environ) if chosen else program_name()
    if reached:
        yield f"{program} upload FILE", "upload a video, or a sample: --sample"
        yield f"{program} list", "list the videos"
        yield f"{program} open", "open the page"
    elif not stack and checkout.is_here():
        yield f"{program_name()} up", "run all of Clipo on this machine"
    if not reached:
        for name in names:
            yield f"{program_name()} --profile {shlex.quote(name)} list", "list a profile's videos"
        purpose = "log in with an API key" if chosen else "use an API elsewhere"
        yield address.login_command(chosen or "URL"), purpose
        yield f"{program} doctor", "find out what is wrong"
    yield f"{program_name()} --help", "list all commands"
