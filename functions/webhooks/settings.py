"""Settings of webhooks: the root of the receivers' secrets, and a receiver of the settings."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.core.receivers import fault_of_url
from functions.core.settings import (
    SettingsError,
    flag,
    required,
    webhook_queue_url,
    webhook_root,
)

_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)
"""The lengths of the key that the specification allows.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The root of the receivers' secrets, and the receiver of the settings."""

    root: str | None = field(repr=False)
    """The secret that derives those of the receivers in the database; `None` without such."""
    url: str | None = field(repr=False)
    """The receiver of the settings; `None` without one."""
    secrets: tuple[str, ...] = field(repr=False)
    """Its secrets as the library `standardwebhooks` reads them, the newest first."""
    api_url: str
    """The address of the API in the payloads, without a slash at its end."""
    allow_private: bool
    """Whether receivers may be on a private network or this machine, and without TLS."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "WebhookSettings | None":
        """Read WEBHOOK_ROOT, WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE and API_URL.

        Returns `None` without webhooks. WEBHOOK_URL and WEBHOOK_SECRET must be set together. To
        replace a secret, set WEBHOOK_SECRET to the new and the old one, separated by a space.
        Raises `SettingsError`, whose message never repeats the secrets.
        """
        url, secret = environ.get("WEBHOOK_URL", ""), environ.get("WEBHOOK_SECRET", "").strip()
        queue, root = webhook_queue_url(environ), webhook_root(environ)
        if not (url or secret or queue):
            return None
        needed = {"WEBHOOK_QUEUE_URL": queue}
        if url or secret or not root:
            needed |= {"WEBHOOK_URL": url, "WEBHOOK_SECRET": secret}
        if missing := [name for name, value in needed.items() if not value]:
            raise SettingsError(f"Webhooks also need {' and '.join(missing)}.")
        allow_private = flag(environ, "WEBHOOK_ALLOW_PRIVATE")
        if url and (fault := fault_of_url(url, allow_private=allow_private)):
            raise SettingsError(f"WEBHOOK_URL {fault}")
        secrets = tuple(secret.split())
        for one in secrets:
            _check_secret(one)
        api_url = required(environ, "API_URL").rstrip("/")
        return cls(root, url or None, secrets, api_url, allow_private)


def _check_secret(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        raise SettingsError(
            "WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes in base64, or two of these"
            " separated by a space. Create one with"
            ' echo "whsec_$(openssl rand -base64 32)"'
        )
