"""Chooses the credential that a command sends to an API."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from clipo.client import address, logins
from clipo.client.admin_token import admin_token
from clipo.errors import Misuse

VARIABLE = "CLIPO_API_KEY"


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or a token, for the requests to one API."""

    source: str
    """Where it comes from, for messages. They never contain the credential."""
    text: Callable[[], str] = field(repr=False)
    """Returns the credential. An admin token is signed anew for each request."""
    remedy: str = ""
    """What to do if the API refuses it."""


def choose(api: str, environ: Mapping[str, str]) -> Credential | None:
    """Return CLIPO_API_KEY, else the login for this API, else that of the running local stack."""
    login = address.login_command(api)
    if environ.get(VARIABLE):
        # A login has no effect while the variable is set.
        return given(
            environ[VARIABLE], VARIABLE, f"Correct {VARIABLE}, or unset it and log in: {login}"
        )
    if key := logins.key_for(api):
        return given(key, "the login of this machine", f"To use another key: {login}")
    return of_local_stack(api, environ)


def choose_for_operator(api: str, environ: Mapping[str, str]) -> Credential | None:
    """Return the credential that may manage keys, if this machine has one."""
    return of_local_stack(api, environ) or choose(api, environ)


def given(text: str, source: str, remedy: str = "") -> Credential:
    """Return a credential of the user's. Raises `Misuse` for a text that cannot be one."""
    text = text.strip()
    # Other characters would fail in the HTTP client, with an error that shows the text.
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        subject = source[0].upper() + source[1:]
        raise Misuse(f"{subject} is neither an API key nor a token. Copy it again, without spaces.")
    return Credential(source, lambda: text, remedy)


def of_root(root_secret: str, source: str) -> Credential:
    """Return the credential of the operator who knows a root secret."""
    return Credential(source, lambda: admin_token(root_secret))


def of_local_stack(api: str, environ: Mapping[str, str]) -> Credential | None:
    """Return the operator's credential of the local stack that runs at this very address."""
    home = address.home(environ)
    running = address.find_local_stack(home)
    if running is None or address.origin(running) != address.origin(api):
        return None
    with suppress(OSError):  # Another user's stack: it may be open.
        if secret := home.kept_root_secret():
            return of_root(secret, f"the root secret in {home.root}")
    return None
