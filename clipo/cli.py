"""The `clipo` command."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from clipo.errors import ClipoError
from clipo.home import Home

app = typer.Typer(
    no_args_is_help=True,
    help="Video upload that is checked, thumbnailed and followed to a status you can trust.",
    pretty_exceptions_enable=False,
)


@app.callback()
def _clipo() -> None:
    """Keep `up` a command of its own while it is the only one."""


@app.command()
def up(
    *,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Forget everything at the end.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget all videos of earlier starts first.")
    ] = False,
) -> None:
    """Run the whole product on this machine.

    Environment: PORT (8000), CLIPO_HOME (.clipo).

    MONGODB_URI, AWS_ENDPOINT_URL_S3: servers to use instead of its own.

    CLIPO_FFMPEG_DIR: a folder with another ffmpeg and ffprobe.

    CLIPO_BIND: the address that S3 and MongoDB listen on (127.0.0.1).

    CLIPO_UPKEEP_SECONDS: how often videos that are stuck are looked for (300).

    WEBHOOK_URL, WEBHOOK_SECRET: who is told of finished videos, and the key that signs it.

    CLIPO_RETRY_SECONDS: when an event that failed comes again, and twice that the next time (60).
    """
    # The other commands need none of this, and it takes half a second.
    from clipo.console import StackConsole  # noqa: PLC0415
    from clipo.stack import Stack  # noqa: PLC0415

    _bypass_proxies()
    with ExitStack() as until_the_end:
        folder = os.environ.get("CLIPO_HOME") or ".clipo"
        if ephemeral:
            folder = until_the_end.enter_context(TemporaryDirectory(prefix="clipo-"))
        home = Home(Path(folder).resolve())
        try:
            until_the_end.enter_context(home.locked())
            if reset:
                home.reset()
            exit_code = Stack(home, os.environ, StackConsole()).run()
        except ClipoError as error:
            typer.secho(str(error), fg="red", err=True)
            exit_code = 1
    raise typer.Exit(exit_code)


def _bypass_proxies() -> None:
    """Keep what is on this machine away from a proxy that the environment may name."""
    for name in ("NO_PROXY", "no_proxy"):
        given = (os.environ.get(name), os.environ.get("CLIPO_BIND"))
        os.environ[name] = ",".join([*filter(None, given), "127.0.0.1", "localhost"])
