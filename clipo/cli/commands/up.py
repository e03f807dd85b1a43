"""`clipo up`: runs the whole product on this machine."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli.command import bypass_proxies
from clipo.cli.later import later
from clipo.home import Home
from clipo.local import checkout

if TYPE_CHECKING:
    from clipo.local import console, stack
else:
    console = later("clipo.local.console")
    stack = later("clipo.local.stack")


def command(
    *,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Forget everything at the end.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget all videos of earlier starts first.")
    ] = False,
) -> int:
    """Run the whole product on this machine.

    Environment: PORT (8000), CLIPO_HOME (.clipo).

    MONGODB_URI, AWS_ENDPOINT_URL_S3: servers to use instead of its own.

    CLIPO_FFMPEG_DIR: a folder with another ffmpeg and ffprobe.

    CLIPO_BIND: the address that S3 and MongoDB listen on (127.0.0.1).

    CLIPO_UPKEEP_SECONDS: how often videos that are stuck are looked for (300).

    WEBHOOK_URL, WEBHOOK_SECRET: who is told of finished videos, and the key that signs it.

    CLIPO_RETRY_SECONDS: when an event that failed comes again, and twice that the next time (60).
    """
    checkout.require()
    bypass_proxies()
    return _run(ephemeral=ephemeral, reset=reset)


def _run(*, ephemeral: bool, reset: bool) -> int:
    with ExitStack() as until_the_end:
        folder = os.environ.get("CLIPO_HOME") or ".clipo"
        if ephemeral:
            folder = until_the_end.enter_context(TemporaryDirectory(prefix="clipo-"))
        home = Home(Path(folder).resolve(), lasting=not ephemeral)
        until_the_end.enter_context(home.locked())
        if reset:
            home.reset()
        return stack.Stack(home, os.environ, console.StackConsole()).run()
