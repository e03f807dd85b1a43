"""`clipo up`: runs the whole product on this machine."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli.later import later
from clipo.client import address
from clipo.home import Home
from clipo.local import checkout, environment

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
    # For this process, too: boto3, Powertools and urllib read the environment on their own.
    environment.restrict(os.environ)
    os.umask(0o077)  # The data is the user's alone, and a stricter umask may lock the stack out.
    home = address.home(os.environ)
    try:
        with ExitStack() as until_the_end:
            if ephemeral:
                folder = TemporaryDirectory(prefix="clipo-", ignore_cleanup_errors=True)
                home = Home(Path(until_the_end.enter_context(folder)), lasting=False)
            until_the_end.enter_context(home.locked())
            if reset:
                home.reset()
            return stack.Stack(home, os.environ, console.StackConsole()).run()
    except OSError as error:
        raise home.unusable(error) from error
