"""The `clipo` command: turns what was typed into calls, and their end into an exit code."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from clipo.cli.later import later
from clipo.errors import ClipoError, Misuse
from clipo.home import Home

if TYPE_CHECKING:
    import webbrowser
    from importlib import metadata

    from clipo.cli import commands, terminal
    from clipo.cli import doctor as checks
    from clipo.client import address
    from clipo.client import api as client
    from clipo.local import console, stack
else:  # `clipo --help` and the completion are to be quick.
    address = later("clipo.client.address")
    checks = later("clipo.cli.doctor")
    client = later("clipo.client.api")
    commands = later("clipo.cli.commands")
    console = later("clipo.local.console")
    metadata = later("importlib.metadata")
    stack = later("clipo.local.stack")
    terminal = later("clipo.cli.terminal")
    webbrowser = later("webbrowser")

_FAILED, _MISUSED, _INTERRUPTED, _UNREAD = 1, 2, 130, 141

_Typed = ParamSpec("_Typed")
_Result = TypeVar("_Result")

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


def _video_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{24}", text):
        raise typer.BadParameter(
            f"{text!r} is not a video id: that is 24 hexadecimal digits, as in clipo list."
        )
    return text.lower()


_Id = typer.Argument(metavar="ID", parser=_video_id, show_default=False)


class _Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 (how Typer calls it)
    if wanted:
        typer.echo(f"clipo {metadata.version('clipo')}")
        raise typer.Exit


@app.callback()
def _clipo(
    context: typer.Context,
    *,
    api: _ApiOption = None,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Write the version.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None:
    context.obj = api


def _command(name: str) -> Callable[[Callable[_Typed, int]], Callable[_Typed, None]]:
    """Make a command of a function that returns the exit code."""

    def made(function: Callable[_Typed, int]) -> Callable[_Typed, None]:
        @app.command(name)
        @wraps(function)
        def command(*arguments: _Typed.args, **options: _Typed.kwargs) -> None:
            with _told():
                raise typer.Exit(function(*arguments, **options))

        return command

    return made


@_command("up")
def up(
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
    _bypass_proxies()
    with ExitStack() as until_the_end:
        folder = os.environ.get("CLIPO_HOME") or ".clipo"
        if ephemeral:
            folder = until_the_end.enter_context(TemporaryDirectory(prefix="clipo-"))
        home = Home(Path(folder).resolve(), lasting=not ephemeral)
        until_the_end.enter_context(home.locked())
        if reset:
            home.reset()
        return stack.Stack(home, os.environ, console.StackConsole()).run()


@_command("upload")
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
) -> int:
    """Upload videos, and follow them to the end.

    Files over 100 MB go in parts. After an interruption the same command goes on where it was.
    """
    if not files and not sample:
        raise Misuse("Name the videos to upload, or try --sample.")
    on = terminal.Terminal(as_json=as_json, quiet=quiet)
    command = commands.Upload(on, wait=wait)
    with _told(command.interrupted):
        return _ask(
            on, api or context.obj, lambda to: command.run(to, files or [], with_sample=sample)
        )


@_command("list")
def list_(
    context: typer.Context,
    *,
    status: Annotated[_Status | None, typer.Option(help="Only videos of this status.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Videos at most.")] = 20,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> int:
    """List videos, newest first."""
    on = terminal.Terminal(as_json=as_json, quiet=quiet)
    return _ask(
        on, api or context.obj, lambda to: commands.list_videos(to, on, status=status, limit=limit)
    )


@_command("show")
def show(
    context: typer.Context,
    video_id: Annotated[str, _Id],
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
) -> int:
    """Show a video: what is in it, what happened, and what to do."""
    on = terminal.Terminal(as_json=as_json)
    return _ask(on, api or context.obj, lambda to: commands.show_video(to, on, video_id))


@_command("retry")
def retry(
    context: typer.Context,
    ids: Annotated[list[str], _Id],
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> int:
    """Have failed videos processed again."""
    on = terminal.Terminal(as_json=as_json, quiet=quiet)
    return _ask(on, api or context.obj, lambda to: commands.retry_videos(to, on, ids))


@_command("delete")
def delete(
    context: typer.Context,
    ids: Annotated[list[str], _Id],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> int:
    """Delete videos, their files and their thumbnails."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Deleting has to be confirmed: without a terminal to ask on, give --yes.")

    on = terminal.Terminal(as_json=as_json, quiet=quiet)
    found, exit_code = _ask(on, api or context.obj, lambda to: commands.look_up(to, on, ids))
    if not found:
        return exit_code
    if not (yes or _confirmed(f"Delete {commands.names(found)}?")):
        on.message("Nothing is deleted.")
        return _FAILED
    return max(
        exit_code, _ask(on, api or context.obj, lambda to: commands.delete_videos(to, on, found))
    )


@_command("watch")
def watch(
    context: typer.Context,
    ids: Annotated[list[str] | None, _Id] = None,
    *,
    api: _ApiOption = None,
    as_json: _JsonOption = False,
    quiet: _QuietOption = False,
) -> int:
    """Show videos as they move: all until Ctrl-C, or some until they are finished."""
    on = terminal.Terminal(as_json=as_json, quiet=quiet)
    return _ask(on, api or context.obj, lambda to: commands.watch_videos(to, on, ids or []))


@_command("doctor")
def doctor(context: typer.Context, *, api: _ApiOption = None, as_json: _JsonOption = False) -> int:
    """Check everything that can be wrong here, and tell how it is mended.

    It announces a video to learn where the storage is, and deletes it again.
    """
    # What the user has set is looked at, before proxies are bypassed for ourselves.
    given = dict(os.environ)
    _bypass_proxies()
    on = terminal.Terminal(as_json=as_json)
    return asyncio.run(checks.examine(on, api or context.obj, given))


@_command("open")
def open_(
    context: typer.Context,
    video_id: Annotated[str | None, _Id] = None,
    *,
    api: _ApiOption = None,
) -> int:
    """Open the web page, or a video on it."""
    on = terminal.Terminal()
    return _ask(
        on,
        api or context.obj,
        lambda to: commands.open_page(to, on, video_id, browse=webbrowser.open),
    )


def _ask(
    on: "terminal.Terminal",
    option: str | None,
    question: "Callable[[client.Api], Awaitable[_Result]]",
) -> _Result:
    """Return what comes of a question to the API that was meant."""
    _bypass_proxies()
    # Who ends us by it is told as much as who presses Ctrl-C, and has the terminal put right.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    url = address.chosen(option, os.environ)

    async def ask() -> _Result:
        async with client.connected(url, lambda: on.message(f"Waiting for {url} …", "dim")) as to:
            return await question(to)

    return asyncio.run(ask())


def _confirmed(question: str) -> bool:
    """Ask on the terminal. Never within `_ask`: asyncio would put Ctrl-C off until the answer."""
    with _told(lambda: "Nothing is deleted."):
        try:
            return typer.confirm(question, err=True)
        except typer.Abort:  # Ctrl-C, or Ctrl-D
            raise KeyboardInterrupt from None


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
    except BrokenPipeError as error:  # only from stdout: as of a program that SIGPIPE ends
        raise typer.Exit(_UNREAD) from error
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
