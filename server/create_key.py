"""`python -m server.create_key NAME [SCOPE…]` makes an API key with the root secret, and prints it.

Run it beside the API, for the first key: one with the scope `admin` can make all others.
"""

import json
import os
import sys
import time
import urllib.request

from functions.api.settings import ApiSettings
from functions.core.api_keys import ROOT_KID
from functions.core.settings import SettingsError, positive_int
from functions.core.tokens import sign
from server.api import PORT
from server.environment import read_secret_files

_TOKEN_S = 60
_TIMEOUT_S = 10


def main() -> None:
    """Ask the API of this machine for a key."""
    name, *scopes = sys.argv[1:] or sys.exit(__doc__)
    try:
        read_secret_files(os.environ)
        root = ApiSettings.read(os.environ).roots[0]
        port = positive_int(os.environ, "PORT", PORT)
    except SettingsError as error:
        sys.exit(str(error))
    claims = {"sub": "root", "scope": "admin", "exp": int(time.time()) + _TOKEN_S}
    token = sign(claims, kid=ROOT_KID, secret=root.admin_secret())
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/keys",
        data=json.dumps({"name": name} | ({"scopes": scopes} if scopes else {})).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 (the same)
        sys.stdout.write(f"{json.load(answer)['key']}\n")


if __name__ == "__main__":
    main()
