"""What all commands share: their options, the API that they ask, and their exit codes."""

import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from clipo.cli.later import later
from clipo.errors import ClipoError, Misuse

if TYPE_CHECKING:
    import asyncio

    from clipo.cli import terminal, view
    from clipo.client import address, api, faults
else:  # `clipo --help` and the completion are to be quick.
    asyncio = later("asyncio")
    terminal = later("clipo.cli.terminal")
    view = later("clipo.cli.view")
    address = later("clipo.client.address")
    api = later("clipo.client.api")
    faults = later("clipo.client.faults")

DONE, FAILED, MISUSED, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141

_Typed = ParamSpec("_Typed")
_Result = TypeVar("_Result")


def _given(context: typer.Context, option: str | None) -> str | None:
    """Return the option, or what was given for it before the command's name."""
    return option or context.obj


def _video_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{24}", text):
        raise typer.BadParameter(
            f"{text!r} is not a video id: that is 24 hexadecimal digits, as in clipo list."
        )
    return text.lower()


ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="Clipo's address: else CLIPO_API, the running local stack, http://127.0.0.1:8000.",
        show_default=False,
        callback=_given,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Write ids only, or nothing; errors all the same.")
]
Id = typer.Argument(metavar="ID", parser=_video_id, show_default=False)


def open_terminal(*, as_json: bool = False, quiet: bool = False) -> "terminal.Terminal":
    """Return where a command writes."""
    return terminal.Terminal(as_json=as_json, quiet=quiet)


def ask(
    option: str | None,
    on: "terminal.Terminal",
    question: "Callable[[api.Api], Awaitable[_Result]]",
) -> _Result:
    """Return the answer to a question to the API that was meant."""
    bypass_proxies()
    # SIGTERM ends a command like Ctrl-C: with its sentence, and with the terminal restored.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    url = address.chosen(option, os.environ)

    async def answer() -> _Result:
        async with api.connected(url, lambda: on.message(f"Waiting for {url} …", "dim")) as to:
            return await question(to)

    return asyncio.run(answer())


async def do_each(
    on: "terminal.Terminal", ids: Sequence[str], action: Callable[[str], Awaitable[None]]
) -> int:
    """Do the same to each video, even if one of them fails. Return the exit code."""
    exit_code = DONE
    for video_id in dict.fromkeys(ids):
        try:
            await action(video_id)
        except faults.Fault as fault:
            on.error(view.plain(str(fault)))
            if on.as_json:
                on.json({"id": video_id, "error": fault.document()})
            exit_code = FAILED
    return exit_code


def exits(command: Callable[_Typed, int]) -> Callable[_Typed, None]:
    """Return a command that ends with the exit code that a function returns."""

    @wraps(command)
    def exiting(*arguments: _Typed.args, **options: _Typed.kwargs) -> None:
        with explained():
            raise typer.Exit(command(*arguments, **options))

    return exiting


@contextmanager
def explained(interrupted: Callable[[], str] = lambda: "Stopped.") -> Iterator[None]:
    """Turn what ends a command into a sentence and an exit code."""
    try:
        yield
    except Misuse as error:
        _say(str(error))
        raise typer.Exit(MISUSED) from error
    except ClipoError as error:
        _say(str(error))
        raise typer.Exit(FAILED) from error
    except BrokenPipeError as error:  # only from stdout: as of a program that SIGPIPE ends
        raise typer.Exit(UNREAD) from error
    except KeyboardInterrupt as error:
        # The terminal has written ^C.
        typer.echo(f"\n{interrupted()}", err=True)
        raise typer.Exit(INTERRUPTED) from error


def _say(sentence: str) -> None:
    typer.secho(sentence, fg="red", err=True)


def bypass_proxies() -> None:
    """Keep what is on this machine away from a proxy that the environment may name."""
    for name in ("NO_PROXY", "no_proxy"):
        given = (os.environ.get(name), os.environ.get("CLIPO_BIND"))
        os.environ[name] = ",".join([*filter(None, given), "127.0.0.1", "localhost", "::1"])
