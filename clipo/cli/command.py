"""Parts that all commands share: options, the connection to the API, errors and exit codes."""

import inspect
import os
import re
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, Self, TypeVar

import typer

from clipo.cli import terminal, view
from clipo.client import address, credentials, faults, profiles
from clipo.client import api as api_client
from clipo.errors import ClipoError, Misuse
from clipo.installation import command_to_add
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api
    from clipo.client.credentials import Credential

DONE, FAILED, MISUSED, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141
"""Exit codes."""

_OPTIONS = {
    "w": "--width",
    "h": "--height",
    "t": "--time",
    "codes": "--code",
    "statuses": "--status",
    "owner": "--owner",
    "passthrough": "--passthrough",
    "visibility": "--visibility",
    "search": "--search",
    "name": "--name",
    "url": "URL",
}
"""Options and arguments by the API's names of their fields."""

_PROFILE = "clipo.profile"
"""Where the context of a command notes the value of `--profile`."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def _choose_api(context: typer.Context, option: str | None) -> str | None:
    """Return the option after the command's name, else the one before it, or the profile's API."""
    if option and _PROFILE in context.meta:
        raise typer.BadParameter("Give --api or --profile, not both.")
    return context.obj if option is None else option


def _choose_profile(context: typer.Context, name: str | None) -> str | None:
    """Make the profile's API the one that the command uses."""
    if name is None:
        return None
    try:
        context.obj = profiles.address_of(name)
    except ClipoError as error:
        raise typer.BadParameter(str(error)) from error
    context.meta[_PROFILE] = name
    return name


def _complete_profile() -> list[str]:
    return profiles.names()


class _LocatedId(str):
    """A video id from an address, whose API is compared when `--api` has been read, too."""

    __slots__ = ("origin",)
    origin: str

    def __new__(cls, video_id: str, origin: str) -> Self:
        located = super().__new__(cls, video_id)
        located.origin = origin
        return located


def check_video_id(text: str) -> str:
    """Return a video id in the spelling of the API. Raises `typer.BadParameter`.

    The text may also be the address of the video on the page or in the API.
    """
    if found := re.fullmatch(r"(https?://.+?)/(?:#/)?videos/([0-9a-fA-F]{24})/?", text):
        return _LocatedId(found[2].lower(), address.origin(found[1]))
    if not re.fullmatch(r"[0-9a-fA-F]{24}", text):
        raise typer.BadParameter(
            f"{text!r} is not a video id. An id has 24 hexadecimal digits: see"
            f" {program_name()} list."
        )
    return text.lower()


def _check_origins(options: Mapping[str, Any]) -> None:
    """Raise `Misuse` if the command got the address of a video at another API than it uses."""
    values = [one for value in options.values() for one in _each(value)]
    for other in {value.origin for value in values if isinstance(value, _LocatedId)}:
        url = address.choose(options.get("api_url"), os.environ)
        if other != address.origin(url):
            raise Misuse(
                f"The video is at {other}, but this command uses {address.without_login(url)}: add"
                f" --api {other}."
            )


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="Address of Clipo's API.",
        show_default="CLIPO_API, else the stack that runs in this folder, else http://127.0.0.1:8000",
        callback=_choose_api,
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Use the API that clipo login --profile NAME has named.",
        show_default="CLIPO_PROFILE",
        is_eager=True,
        callback=_choose_profile,
        autocompletion=_complete_profile,
    ),
]
StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="Name of a stack in AWS, whose root secret your AWS credentials can read.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Write errors only.")]
IdsOnlyOption = Annotated[bool, typer.Option("--quiet", "-q", help="Write ids and errors only.")]
Id = typer.Argument(
    metavar="ID", parser=check_video_id, help="Id of a video, as in clipo list.", show_default=False
)


def ask(
    option: str | None, output: "Terminal", question: "Callable[[Api], Awaitable[_Result]]"
) -> _Result:
    """Return what a function of the API returns. `option` is the value of `--api`."""
    url = address.choose(option, os.environ)
    return ask_with(url, credentials.choose(url, os.environ), output, question)


def ask_as_operator(
    stack: str | None,
    option: str | None,
    output: "Terminal",
    question: "Callable[[Api], Awaitable[_Result]]",
) -> _Result:
    """Do the same with the right to manage keys. `stack` is the value of `--stack`."""
    if stack and option:
        raise Misuse("Give --stack or --api: the stack in AWS knows its address.")
    if stack:
        deployed = import_for_aws("clipo.cli.deployed_root").read(stack)
        return ask_with(deployed.api, deployed.credential, output, question)
    url = address.choose(option, os.environ)
    credential = credentials.choose_for_operator(url, os.environ)
    try:
        return ask_with(url, credential, output, question)
    except faults.Problem as problem:
        if problem.code == "forbidden" or (problem.code == "unauthenticated" and not credential):
            raise _not_operator(problem) from problem
        raise


def _not_operator(problem: "faults.Problem") -> "faults.Problem":
    return faults.Problem(
        status=HTTPStatus.FORBIDDEN,
        detail=(
            "Only the operator may do this: add --stack NAME for a stack in AWS, set CLIPO_HOME to"
            " the folder of the local stack, or use a key with the scope admin."
        ),
        code=problem.code,
        request_id=problem.request_id,
        advice=problem.advice,
    )


def ask_with(
    url: str,
    credential: "Credential | None",
    output: "Terminal",
    question: "Callable[[Api], Awaitable[_Result]]",
) -> _Result:
    """Return what a function of the API at an address returns."""
    bypass_proxies()
    end_at_sigterm()
    shown = address.without_login(url)

    async def answer() -> _Result:
        async with api_client.connect(
            url, lambda: output.message(f"Waiting for {shown} …", "dim"), credential=credential
        ) as api:
            return await question(api)

    return run(answer())


def end_at_sigterm() -> None:
    """Let SIGTERM end a command as Ctrl-C does: with a message, and with the terminal restored.

    The background job of a shell ignores Ctrl-C. There SIGTERM keeps its own effect.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def import_for_aws(module: str) -> Any:
    """Import a module that needs boto3. Raises `Misuse` if that is missing, as with the wheel."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise Misuse(f"The option --stack needs boto3: {command_to_add('boto3')}") from error


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine in an event loop."""
    import asyncio  # noqa: PLC0415 (slow: `clipo --help` does without it)

    return asyncio.run(coroutine)


async def do_each(
    output: "Terminal",
    ids: Sequence[str],
    action: Callable[[str], Awaitable[None]],
    *,
    stop_if_refused: bool = False,
) -> int:
    """Run an action for each id, even if it fails for one of them. Return the exit code.

    With `stop_if_refused` it raises the `Problem` of a refused credential. Otherwise it goes on:
    the credential may still reach the next video.
    """
    exit_code = DONE
    for video_id in dict.fromkeys(ids):
        try:
            await action(video_id)
        except ClipoError as error:
            if stop_if_refused and isinstance(error, faults.Problem) and error.refuses_credential:
                raise
            said = in_options(error)
            if len(ids) > 1 and video_id not in said:
                said = f"{video_id}: {said}"
            output.error(view.plain(said))
            if output.as_json:
                output.write_json({"id": video_id, "error": error.document()})
            exit_code = FAILED
    return exit_code


def confirm(question: str, *, otherwise: str) -> bool:
    """Ask on the terminal. Within `ask`, asyncio would ignore Ctrl-C until the user answers."""
    with report_errors(lambda: otherwise):
        try:
            return typer.confirm(question, err=True)
        except typer.Abort:  # Ctrl-C or Ctrl-D
            raise KeyboardInterrupt from None


def in_options(error: ClipoError) -> str:
    """Return the message of an error; one of the API with options in place of fields."""
    if not isinstance(error, faults.Problem):
        return str(error)
    # A rule about several fields is a rule about the whole body.
    text = re.sub(r"(^|; )body: ", r"\1", str(error))
    fields = "|".join(_OPTIONS)
    pattern = rf"((?:^|; |Leave ))({fields})(?=: | out\b)"
    return re.sub(pattern, lambda found: found[1] + _OPTIONS[found[2]], text)


def with_exit_code(command: Callable[_Arguments, int]) -> Callable[_Arguments, None]:
    """Return a command that exits with the code that `command` returns.

    If it has the option `--api`, it also has `--profile`, which stands for an address.
    """
    signature = inspect.signature(command)
    names = list(signature.parameters)
    takes_profile = "api_url" in names and "profile" not in names

    @wraps(command)
    def exiting(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> None:
        if takes_profile:
            options.pop("profile", None)  # its callback has chosen the API
        with report_errors():
            _check_origins(options)
            raise typer.Exit(command(*arguments, **options))

    if takes_profile:
        parameters = list(signature.parameters.values())
        kind = inspect.Parameter.KEYWORD_ONLY
        profile = inspect.Parameter("profile", kind, default=None, annotation=ProfileOption)
        parameters.insert(names.index("api_url") + 1, profile)
        vars(exiting)["__signature__"] = signature.replace(parameters=parameters)
    return exiting


@contextmanager
def report_errors(on_interrupt: Callable[[], str] = lambda: "Stopped.") -> Iterator[None]:
    """Turn errors and Ctrl-C into a message and an exit code."""
    try:
        yield
    except ClipoError as error:
        # What a server has written may contain control characters.
        said = "\n".join(view.plain(line) for line in in_options(error).split("\n"))
        terminal.say(terminal.stderr(), said, "red")
        raise typer.Exit(MISUSED if isinstance(error, Misuse) else FAILED) from error
    except BrokenPipeError as error:  # stdout's reader is gone: exit as if SIGPIPE had killed us
        raise typer.Exit(UNREAD) from error
    except KeyboardInterrupt as error:
        # A new line, because the terminal has written ^C.
        terminal.say(terminal.stderr(), f"\n{on_interrupt()}")
        raise typer.Exit(INTERRUPTED) from error


def bypass_proxies() -> None:
    """Keep requests to this machine away from a proxy that the environment names."""
    for name in ("NO_PROXY", "no_proxy"):
        given = (os.environ.get(name), os.environ.get("CLIPO_BIND"))
        os.environ[name] = ",".join([*filter(None, given), "127.0.0.1", "localhost", "::1"])
