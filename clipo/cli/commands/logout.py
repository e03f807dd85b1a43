"""`clipo logout`: forgets the API key of one API."""

import os

from clipo.cli import terminal
from clipo.cli.command import DONE, ApiOption, QuietOption
from clipo.client import address, logins


def command(*, api_url: ApiOption = None, quiet: QuietOption = False) -> int:
    """Forget the API key that clipo login has kept for an API.

    The key itself stays valid until it is revoked.
    """
    output = terminal.Terminal(quiet=quiet)
    url = address.choose(api_url, os.environ)
    if logins.delete(url):
        output.message(f"Logged out of {url}. To end the key itself: clipo keys revoke ID")
    else:
        output.message(f"There is no login for {url}.")
    return DONE
