"""`clipo logout`: forgets the API key of one API."""

import os
import re

from clipo.cli import terminal
from clipo.cli.command import DONE, ApiOption, QuietOption
from clipo.client import address, logins
from clipo.program import program_name


def command(*, api_url: ApiOption = None, quiet: QuietOption = False) -> int:
    """Forget the API key that clipo login has kept for an API.

    The key itself stays valid until it is revoked.
    """
    output = terminal.Terminal(quiet=quiet)
    url = address.choose(api_url, os.environ)
    key = logins.delete(url)
    if key is None:
        output.message(f"There is no login for {url}.")
        return DONE
    # A token, which can be kept, too, has no id.
    found = re.match("clipo_sk_([^_]+)_", key)
    revoke = f" To end the key itself: {program_name()} keys revoke {found[1]}" if found else ""
    output.message(f"Logged out of {url}.{revoke}")
    return DONE
