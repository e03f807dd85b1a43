"""Finds the address of the API."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from clipo.errors import Misuse
from clipo.home import Home

DEFAULT = "http://localhost:8000"
VARIABLE = "CLIPO_API"


def choose(option: str | None, environ: Mapping[str, str]) -> str:
    """Return the API's address: `--api`, else CLIPO_API, the running local stack, or `DEFAULT`.

    The address does not end with a slash. Raises `Misuse` if it is invalid.
    """
    if option:
        return check(option, "--api")
    if environ.get(VARIABLE):
        return check(environ[VARIABLE], VARIABLE)
    return find_local_stack(home(environ)) or DEFAULT


def check(text: str, name: str) -> str:
    """Return an address without a slash at its end. Raises `Misuse` if it is invalid."""
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"\s", text.strip()):
        raise Misuse(f"{name} must be an address like {DEFAULT} or https://…, not {text!r}.")
    return text.strip().rstrip("/")


def find_local_stack(folder: Home) -> str | None:
    """Return the API's address of the stack that runs in a folder, or `None` if none runs."""
    try:
        address = json.loads(folder.stack_file.read_text())["api"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(address)


def home(environ: Mapping[str, str]) -> Home:
    """Return the local stack's folder."""
    return Home(Path(environ.get("CLIPO_HOME") or ".clipo").resolve())


def page_url(api: str, video_id: str | None = None) -> str:
    """Return the address of the web page, or of one video on it."""
    return f"{api}/#/videos/{video_id}" if video_id else f"{api}/"
