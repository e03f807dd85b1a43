"""Finds the API that a command speaks to."""

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from clipo.errors import ClipoError, Misuse
from clipo.home import Home

DEFAULT = "http://127.0.0.1:8000"
"""Not `localhost`: that may be another server's `::1`."""
VARIABLE = "CLIPO_API"


def chosen(option: str | None, environ: Mapping[str, str]) -> str:
    """Return the API's address: `--api`, CLIPO_API, the running local stack's, or the usual one.

    It has no slash at its end. Raises `Misuse` where it is none.
    """
    if option:
        return checked(option, "--api")
    if environ.get(VARIABLE):
        return checked(environ[VARIABLE], VARIABLE)
    return of_local_stack(home(environ)) or DEFAULT


def checked(text: str, name: str) -> str:
    """Return an address without the slash at its end; raises `Misuse` where it is none."""
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"\s", text.strip()):
        raise Misuse(f"{name} must be an address like {DEFAULT} or https://…, not {text!r}.")
    return text.strip().rstrip("/")


def is_local(address: str) -> bool:
    """Whether an address is of this machine, to which no proxy may lead."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def of_local_stack(folder: Home) -> str | None:
    """Return the address of the stack that runs in a folder; `None` where none does."""
    try:
        address = json.loads(folder.stack_file.read_text())["api"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(address)


def home(environ: Mapping[str, str]) -> Home:
    """Return the local stack's folder. Raises `ClipoError` where the working directory is gone."""
    try:
        return Home(Path(environ.get("CLIPO_HOME") or ".clipo").absolute())
    except FileNotFoundError as error:
        raise ClipoError(
            "The working directory does not exist any more: change to one that does."
        ) from error


def page(api: str, video_id: str | None = None) -> str:
    """Return the address of the web page, or of a video on it."""
    return f"{api}/#/videos/{video_id}" if video_id else f"{api}/"
