"""Settings of webhooks: the receiver's URL and the secrets that sign them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from functions.core.settings import SettingsError, flag, required, webhook_queue_url

_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)
"""The lengths of the key that the specification allows.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The operator's receiver and the signing secrets."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """The secrets as the library `standardwebhooks` reads them, the newest first."""
    api_url: str
    """The address of the API in the payloads, without a slash at its end."""
    allow_private: bool
    """Whether the receiver may be on a private network or this machine, and without TLS."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "WebhookSettings | None":
        """Read WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE and API_URL.

        Returns `None` without webhooks.
        WEBHOOK_URL, WEBHOOK_SECRET and WEBHOOK_QUEUE_URL must be set together. To replace a
        secret, set WEBHOOK_SECRET to the new and the old one, separated by a space.
        Raises `SettingsError`, whose message never repeats the secrets.
        """
        url, secret = environ.get("WEBHOOK_URL", ""), environ.get("WEBHOOK_SECRET", "").strip()
        needed = {
            "WEBHOOK_URL": url,
            "WEBHOOK_SECRET": secret,
            "WEBHOOK_QUEUE_URL": webhook_queue_url(environ),
        }
        missing = [name for name, value in needed.items() if not value]
        if len(missing) == len(needed):
            return None
        if missing:
            raise SettingsError(f"Webhooks also need {' and '.join(missing)}.")
        allow_private = flag(environ, "WEBHOOK_ALLOW_PRIVATE")
        _check_url(url, allow_private=allow_private)
        secrets = tuple(secret.split())
        for one in secrets:
            _check_secret(one)
        return cls(url, secrets, required(environ, "API_URL").rstrip("/"), allow_private)


def _check_url(url: str, *, allow_private: bool) -> None:
    schemes = ("https", "http") if allow_private else ("https",)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError("WEBHOOK_URL is not a URL.") from error
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise SettingsError(
            f"WEBHOOK_URL must begin with {' or '.join(f'{one}://' for one in schemes)} and a host."
        )
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or parts.username is not None or parts.fragment:
        raise SettingsError(
            "WEBHOOK_URL must contain only ASCII characters, no spaces, no credentials and no"
            " #fragment. The receiver authenticates webhooks by their signature."
        )


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
