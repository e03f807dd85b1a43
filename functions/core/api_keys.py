"""The format of API keys, and the secrets that the root secret derives.

    clipo_sk_<id>_<secret><checksum>

All three parts are in base62, which has no `_`. A secret scanner finds a key by its prefix, and the
checksum finds a mistyped one without the database.
"""

import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from functions.core.access import ApiKey, Denial, Unauthenticated

PREFIX = "clipo_sk_"

ROOT_KID = "root"
"""The `kid` of an admin token. No API key has this id."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_HMAC_LENGTH = 43
"""The digits of 256 bits in base62."""

_KEY = re.compile(
    f"({PREFIX}([0-9A-Za-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}})"
    f"([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)
_ID = re.compile(f"[0-9A-Za-z]{{{_ID_LENGTH}}}")


def new_key(random: Callable[[int], bytes]) -> tuple[str, str]:
    """Return the id and the text of a new API key. `random` returns that many random bytes."""
    key_id = _base62(random(16), _ID_LENGTH)
    start = f"{PREFIX}{key_id}_{_base62(random(40), _SECRET_LENGTH)}"
    return key_id, start + _checksum(start)


def id_in(key: str) -> str:
    """Return the id in the text of an API key. Raises `Unauthenticated` for another text."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        raise Unauthenticated(
            Denial.MALFORMED,
            "This is not an API key, although it begins like one. Copy it again, and all of it.",
        )
    if parts[3] != _checksum(parts[1]):
        raise Unauthenticated(
            Denial.CHECKSUM, "The API key is mistyped: its checksum is wrong. Copy it again."
        )
    return parts[2]


def is_key_id(text: str) -> bool:
    """Tell whether a text can be the id of an API key."""
    return _ID.fullmatch(text) is not None


def hash_of(key: str) -> str:
    """Return the SHA-256 of an API key, which is all that the database keeps of its secret.

    A slow hash would protect passwords. A random secret of 256 bits needs none.
    """
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Root:
    """One generation of the root secret. Nothing but the secrets that it derives leaves Clipo."""

    generation: int
    secret: str

    def signing_secret(self, key_id: str) -> str:
        """Return the secret that signs the tokens of an API key: 43 characters, used as UTF-8."""
        return self._derived(f"clipo/token/v1:{key_id}")

    def session_secret(self, key_id: str) -> str:
        """Return the secret that signs the page's sessions of an API key."""
        return self._derived(f"clipo/session/v1:{key_id}")

    def admin_secret(self) -> str:
        """Return the secret that signs admin tokens."""
        return self._derived("clipo/admin/v1")

    def webhook_root(self) -> str:
        """Return the local stack's root of the receivers' secrets. In AWS it has one of its own."""
        return self._derived("clipo/webhooks/v1")

    def _derived(self, purpose: str) -> str:
        digest = hmac.digest(self.secret.encode(), purpose.encode(), "sha256")
        return _base62(digest, _HMAC_LENGTH)


def root_of(key: ApiKey, roots: Iterable[Root]) -> Root | None:
    """Return the root secret that derives a key's secrets; `None` if it is no longer in use."""
    return next((root for root in roots if root.generation == key.generation), None)


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()).to_bytes(4), _CHECKSUM_LENGTH)


def _base62(data: bytes, length: int) -> str:
    """Return the last digits of a number in base62, with zeros before it if it has fewer."""
    number, digits = int.from_bytes(data), ""
    while len(digits) < length:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
