"""The `clipo` command: turns what was typed into calls, and their end into an exit code."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from clipo.errors import ClipoError, Misuse
from clipo.home import Home

# What else a command needs it imports itself: `clipo --help` and the completion are to be quick.
if TYPE_CHECKING:
    from clipo.client.api import Api

_FAILED, _MISUSED, _INTERRUPTED = 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    help="Video upload that is checked, thumbnailed and followed to a status you can trust.",
    epilog="Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted. NO_COLOR is honoured.",
    pretty_exceptions_enable=False,
)

_ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="Clipo's address: else CLIPO_API, the running local stack, http://localhost:8000.",
        show_default=False,
    ),
]
_JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
_QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Write ids only, or nothing; errors all the same.")
]
_Ids = Annotated[list[str], typer.Argument(metavar="ID", show_default=False)]


class _Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@app.callback()
def _clipo(context: typer.Context, *, api: _ApiOption = None) -> None:
    context.obj = api


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
    from clipo.console import StackConsole  # noqa: PLC0415
    from clipo.stack import Stack  # noqa: PLC0415

    _bypass_proxies()
    with ExitStack() as until_the_end:
        folder = os.environ.get("CLIPO_HOME") or ".clipo"
        if ephemeral:
            folder = until_the_end.enter_context(TemporaryDirectory(prefix="clipo-"))
        home = Home(Path(folder).resolve())
        with _told():
            until_the_end.enter_context(home.locked())
            if reset:
                home.reset()
            raise typer.Exit(Stack(home, os.environ, StackConsole()).run())


@app.command()
def upload(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow each video until it is done or failed.")
    ] = True,
    sample: Annotated[
        bool, typer.Option("--sample", help="Make a clip of a few seconds, and upload that.")
    ] = False,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Upload videos, and follow them to the end.

    Files over 100 MB go in parts. After an interruption the same command goes on where it was.
    """
    with _told():
        if not files and not sample:
            raise Misuse("Name the videos to upload, or try --sample.")
        from clipo.client.commands import Upload  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        command = Upload(Terminal(as_json=as_json, quiet=quiet), wait=wait)
        with _told(command.interrupted):
            _run(context, api, lambda to: command.run(to, files or [], with_sample=sample))


@app.command("list")
def list_(
    context: typer.Context,
    *,
    status: Annotated[_Status | None, typer.Option(help="Only videos of this status.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Videos at most.")] = 20,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """List videos, newest first."""
    with _told():
        from clipo.client.commands import list_videos  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        terminal = Terminal(as_json=as_json, quiet=quiet)
        _run(context, api, lambda to: list_videos(to, terminal, status=status, limit=limit))


@app.command()
def show(
    context: typer.Context,
    video_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Show a video: what is in it, what happened, and what to do."""
    with _told():
        from clipo.client.commands import show_video  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        terminal = Terminal(as_json=as_json)
        _run(context, api, lambda to: show_video(to, terminal, video_id))


@app.command()
def retry(
    context: typer.Context,
    ids: _Ids,
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Have failed videos processed again."""
    with _told():
        from clipo.client.commands import retry_videos  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        terminal = Terminal(as_json=as_json, quiet=quiet)
        _run(context, api, lambda to: retry_videos(to, terminal, ids))


@app.command()
def delete(
    context: typer.Context,
    ids: _Ids,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Delete videos, their files and their thumbnails."""
    with _told():
        if not yes and not sys.stdin.isatty():
            raise Misuse("Deleting has to be confirmed: without a terminal to ask on, give --yes.")
        from clipo.client.commands import delete_videos  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        def confirmed(names: str) -> bool:
            return yes or typer.confirm(f"Delete {names}?", err=True)

        terminal = Terminal(as_json=as_json, quiet=quiet)
        _run(context, api, lambda to: delete_videos(to, terminal, ids, confirm=confirmed))


@app.command()
def watch(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", show_default=False)] = None,
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> None:
    """Show videos as they move: all until Ctrl-C, or some until they are finished."""
    with _told():
        from clipo.client.commands import watch_videos  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        terminal = Terminal(as_json=as_json, quiet=quiet)
        _run(context, api, lambda to: watch_videos(to, terminal, ids or []))


@app.command()
def doctor(
    context: typer.Context,
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Check everything that can be wrong here, and tell how it is mended.

    It announces a video to learn where the storage is, and deletes it again.
    """
    with _told():
        from clipo.client.doctor import examine  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        # What the user has set is looked at, before proxies are bypassed for ourselves.
        given = dict(os.environ)
        _bypass_proxies()
        terminal = Terminal(as_json=as_json)
        raise typer.Exit(asyncio.run(examine(terminal, api or context.obj, given)))


@app.command("open")
def open_(
    context: typer.Context,
    video_id: Annotated[str | None, typer.Argument(metavar="ID", show_default=False)] = None,
    *,
    api: _ApiOption = None,
) -> None:
    """Open the web page, or a video on it."""
    with _told():
        import webbrowser  # noqa: PLC0415

        from clipo.client.commands import open_page  # noqa: PLC0415
        from clipo.client.terminal import Terminal  # noqa: PLC0415

        _run(
            context,
            api,
            lambda to: open_page(to, Terminal(), video_id, browse=webbrowser.open),
        )


def _run(
    context: typer.Context, api: str | None, command: "Callable[[Api], Awaitable[int]]"
) -> NoReturn:
    """Run a command with the API that was meant, and exit with what it returns."""
    from clipo.client import address  # noqa: PLC0415
    from clipo.client.api import connected  # noqa: PLC0415

    _bypass_proxies()
    url = address.chosen(api or context.obj, os.environ)

    async def run() -> int:
        async with connected(url) as to:
            return await command(to)

    raise typer.Exit(asyncio.run(run()))


@contextmanager
def _told(interrupted: Callable[[], str] = lambda: "Stopped.") -> Iterator[None]:
    """Turn what ends a command into a sentence and an exit code."""
    try:
        yield
    except Misuse as error:
        _say(str(error))
        raise typer.Exit(_MISUSED) from error
    except ClipoError as error:
        _say(str(error))
        raise typer.Exit(_FAILED) from error
    except KeyboardInterrupt as error:
        # The terminal has written ^C.
        typer.echo(f"\n{interrupted()}", err=True)
        raise typer.Exit(_INTERRUPTED) from error


def _say(sentence: str) -> None:
    typer.secho(sentence, fg="red", err=True)


def _bypass_proxies() -> None:
    """Keep what is on this machine away from a proxy that the environment may name."""
    for name in ("NO_PROXY", "no_proxy"):
        given = (os.environ.get(name), os.environ.get("CLIPO_BIND"))
        os.environ[name] = ",".join([*filter(None, given), "127.0.0.1", "localhost"])
