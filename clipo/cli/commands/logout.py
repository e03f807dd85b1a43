"""`clipo logout`: forgets the API key of one API."""

import os
import re
from typing import Annotated

import typer

from clipo.cli import terminal
from clipo.cli.command import DONE, ApiOption, QuietOption
from clipo.client import address, logins, profiles


def command(
    *,
    api_url: ApiOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Forget this profile, and the key for its API.",
            show_default=False,
        ),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Forget the API key that clipo login has kept for an API.

    The key itself stays valid until it is revoked.
    """
    output = terminal.Terminal(quiet=quiet)
    url = profiles.address_of(profile) if profile else address.choose(api_url, os.environ)
    key = logins.delete(url)
    if profile:
        profiles.delete(profile)
    if key is None:
        output.message(f"There is no login for {url}.")
        return DONE
    # A token, which can be kept, too, has no id.
    found = re.match("clipo_sk_([^_]+)_", key)
    program = address.program_for(address.without_login(url), os.environ)
    revoke = f" To end the key itself: {program} keys revoke {found[1]}" if found else ""
    output.message(f"Logged out of {url}.{revoke}")
    return DONE
