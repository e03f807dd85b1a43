"""Signs the tokens of one page, without a call to Clipo."""

import re
import time
from datetime import UTC, datetime

from clipo import hs256

_LIFETIME_S = 3600
_OWNER = re.compile(r"[A-Za-z0-9._:@|/+=-]{1,128}")
_KEY_PREFIX = "clipo_sk_"


def page_tokens(owner: str, *, url: str, key: str, signing_secret: str) -> dict[str, str]:
    """Return what a page needs to call Clipo as one user. `key` is an API key or its id.

    `token` is for calls. `deliver_token` is for the addresses of pictures and files, as `?token=`.
    """
    if not _OWNER.fullmatch(owner):
        raise ValueError("The owner must be 1 to 128 letters, digits or . _ : @ | / + = -")
    kid = key.split("_")[2] if key.startswith(_KEY_PREFIX) else key
    ends = int(time.time()) + _LIFETIME_S

    def token(scope: str) -> str:
        return hs256.sign(
            {"sub": owner, "scope": scope, "exp": ends}, kid=kid, secret=signing_secret
        )

    return {
        "api": url.rstrip("/"),
        "token": token("upload read write deliver"),
        "deliver_token": token("deliver"),
        "expires_at": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
