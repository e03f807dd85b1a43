"""`clipo login`: keeps an API key for one API on this machine."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clipo.cli import terminal
from clipo.cli.command import (
    DONE,
    ApiOption,
    QuietOption,
    StackOption,
    ask_as_operator,
    ask_with,
)
from clipo.client import address, credentials, logins, profiles
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api


def command(
    *,
    api_url: ApiOption = None,
    stack: StackOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Name for the API: other commands then take --profile NAME instead of --api URL.",
            show_default=False,
        ),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Keep an API key for one API, which the other commands then send to it.

    With --stack it makes a key for this machine. Else it asks for a key, or reads standard input.
    """
    output = terminal.Terminal(quiet=quiet)
    if profile:
        profiles.check_name(profile)
        api_url = api_url or (None if stack else _address_of(profile))
    if stack:
        url, key = ask_as_operator(stack, api_url, output, _make_key)
    else:
        url = address.choose(api_url, os.environ)
        _check_encryption(url)
        ask_with(url, None, output, lambda api: api.health())
        key = _read_key(url)
    credential = credentials.given(key, "this key", f"Use a key for the API at {url}.")
    me = ask_with(url, credential, output, lambda api: api.me())
    logins.save(url, key.strip())
    if profile:
        profiles.save(profile, url)
    _report(output, url, me, profile)
    return DONE


def _address_of(profile: str) -> str | None:
    """Return the address that a profile has, `None` if CLIPO_API names it. Raises `Misuse`."""
    found = profiles.find(profile)
    if not found and not os.environ.get(address.VARIABLE):
        raise Misuse(
            f"Name the API of the profile: {program_name()} login --profile {profile} --api URL"
        )
    return found


async def _make_key(api: "Api") -> tuple[str, str]:
    """Return the address of the API, and a new key."""
    made = await api.create_key(name=f"clipo on {platform.node() or 'a machine'}")
    return api.address, made["key"]


def _check_encryption(url: str) -> None:
    """Ask before the key goes over the network unencrypted. Raises `Misuse` without a terminal."""
    if not url.startswith("http:") or address.is_local(url):
        return
    warning = f"{url} is not HTTPS: the network can read the key."
    if not _is_typed():
        raise Misuse(f"{warning} Use https://, or log in from a terminal to confirm it.")
    with _interruptible():
        typer.confirm(f"{warning} Log in?", abort=True, err=True)


def _is_typed() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except typer.Abort:  # Ctrl-C, Ctrl-D or no
        raise KeyboardInterrupt from None


def _read_key(url: str) -> str:
    if _is_typed():
        terminal.say(terminal.stderr(), _where_from())
        with _interruptible():
            return str(typer.prompt(f"API key for {url}", hide_input=True, err=True))
    key = sys.stdin.readline().strip() if sys.stdin else ""
    if not key:
        raise Misuse(
            f"Standard input has no API key. Try: {address.login_command(url)} < file."
            f" {_where_from()}"
        )
    return key


def _where_from() -> str:
    return f"The operator of the API makes keys: {program_name()} keys create --name NAME"


def _report(output: "Terminal", url: str, me: dict[str, Any], profile: str | None) -> None:
    output.message(f"Logged in to {url} with the key {me['key_id']}.", "green")
    if os.environ.get(credentials.VARIABLE):
        output.message(f"Commands use {credentials.VARIABLE} instead until you unset it.", "yellow")
    if profile:
        example = f"{program_name()} --profile {profile} list"
        output.message(f"To use it: {example}, or export {profiles.VARIABLE}={profile}", "dim")
    elif url != address.choose(None, os.environ):
        output.message(f"To use it without --api: export {address.VARIABLE}={url}", "dim")
