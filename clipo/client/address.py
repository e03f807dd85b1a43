"""Finds the address of the API."""

import json
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from socket import inet_aton
from urllib.parse import urlsplit

from clipo.client import profiles
from clipo.errors import ClipoError, Misuse
from clipo.home import Home
from clipo.program import program_name

DEFAULT = "http://127.0.0.1:8000"
"""Default address of the API. `localhost` could reach another server at `::1`."""
VARIABLE = "CLIPO_API"


def choose(option: str | None, environ: Mapping[str, str]) -> str:
    """Return the API's address.

    It is that of `--api`, else that of CLIPO_API, CLIPO_PROFILE or the running local stack, or
    `DEFAULT`.

    The address does not end with a slash. Raises `Misuse` if it is invalid.
    """
    if option is not None:
        return check(option, "--api")
    if environ.get(VARIABLE):
        return check(environ[VARIABLE], VARIABLE)
    if environ.get(profiles.VARIABLE):
        return profiles.address_of(environ[profiles.VARIABLE])
    return find_local_stack(home(environ)) or DEFAULT


def is_chosen(option: str | None, environ: Mapping[str, str]) -> bool:
    """Whether the user names the API, instead of the local stack in this folder."""
    return bool(option or environ.get(VARIABLE) or environ.get(profiles.VARIABLE))


def program_for(api: str, environ: Mapping[str, str]) -> str:
    """Return the words that call `clipo` with an API, for messages that say what to type."""
    with suppress(Misuse):  # a wrong CLIPO_API, which --api replaces
        if without_login(choose(None, environ)) == api:
            return program_name()
    return f"{VARIABLE}={shlex.quote(api)} {program_name()}"


def login_command(api: str) -> str:
    """Return the command that logs in to an API, for messages that say what to type."""
    return f"{program_name()} login --api {shlex.quote(without_login(api))}"


def check(text: str, name: str) -> str:
    """Return an address with its scheme and without a slash at its end.

    Without a scheme, an address of this machine gets http, and any other https. Raises `Misuse` if
    the address is invalid.
    """
    given = text.strip()
    address = given if "://" in given else _with_scheme(given)
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"\s", given):
        # What stands before the last @ may be a password, even if it is not a valid one.
        shown = re.sub(r".*@", "…@", text)
        raise Misuse(f"{name} must be an address like {DEFAULT} or https://…, not {shown!r}.")
    return address.rstrip("/")


def without_login(address: str) -> str:
    """Return a checked address for messages: without the user name and password of a proxy."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _with_scheme(given: str) -> str:
    """Return `localhost:8000` and the like with a scheme; any other text as it is."""
    host = re.match(r"(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d+)?(?=/|$)", given)
    if not host:
        return given
    return f"{'http' if is_local(f'http://{host[0]}') else 'https'}://{given}"


def is_local(address: str) -> bool:
    """Whether an address is this machine's own, so that requests to it use no proxy."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    with suppress(OSError, ValueError):  # Other ways to write an address, such as 127.1 and 0.
        found = ip_address(inet_aton(host))
        return found.is_loopback or found.is_unspecified
    return False


def origin(address: str) -> str:
    """Return the scheme, host and port of a checked address, in one spelling."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def find_local_stack(folder: Home) -> str | None:
    """Return the API's address of the stack that runs in a folder, or `None` if none runs.

    A running stack locks its folder. A file alone may be another person's, in a folder that the
    user has downloaded, or its port another program's, after a kill.
    """
    return noted_address(folder) if folder.is_locked() else None


def noted_address(folder: Home) -> str | None:
    """Return the API's address that a local stack has written into its folder."""
    try:
        address = str(json.loads(folder.stack_file.read_text())["api"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return address if is_local(address) else None


def home(environ: Mapping[str, str]) -> Home:
    """Return the local stack's folder. Raises `ClipoError` if the working directory is gone."""
    try:
        return Home(Path(environ.get("CLIPO_HOME") or ".clipo").absolute())
    except FileNotFoundError as error:
        raise ClipoError(
            "The working directory does not exist any more: change to one that does."
        ) from error


def page_url(api: str, video_id: str | None = None) -> str:
    """Return the address of the web page, or of one video on it."""
    return f"{api}/#/videos/{video_id}" if video_id else f"{api}/"
