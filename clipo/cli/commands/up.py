"""`clipo up`: runs all of Clipo on this machine."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from clipo.client import address
from clipo.home import Home
from clipo.local import checkout, console, environment, stack


def command(
    *,
    ephemeral: Annotated[
        bool,
        typer.Option(
            "--ephemeral", help="Use a temporary folder, deleted at the end, not CLIPO_HOME."
        ),
    ] = False,
    reset: Annotated[
        bool,
        typer.Option("--reset", help="Delete the videos of earlier starts; else they are kept."),
    ] = False,
    access: Annotated[
        str | None,
        typer.Option(
            "--access",
            metavar="keys|open",
            help="Whether requests need an API key or a token, as on AWS, or are open to every"
            " program on this machine. By default ACCESS, or else open.",
        ),
    ] = None,
) -> int:
    """Run all of Clipo on this machine: S3, MongoDB, the API, processing, webhooks and upkeep.

    Environment variables are settings, such as PORT (8000) and CLIPO_HOME (the folder .clipo).

    docs/settings.md lists all settings.
    """
    checkout.require()
    # For this process, too: boto3, Powertools and urllib read the environment on their own.
    environment.restrict(os.environ)
    if access is not None:
        os.environ["ACCESS"] = access
    os.umask(0o077)  # The data is the user's alone, and a stricter umask may lock the stack out.
    home = address.home(os.environ)
    try:
        with ExitStack() as until_the_end:
            if ephemeral:
                folder = TemporaryDirectory(prefix="clipo-", ignore_cleanup_errors=True)
                home = Home(Path(until_the_end.enter_context(folder)), lasting=False)
            until_the_end.enter_context(home.lock())
            if reset:
                home.reset()
            return stack.Stack(home, os.environ, console.StackConsole()).run()
    except OSError as error:
        raise home.unusable(error) from error
