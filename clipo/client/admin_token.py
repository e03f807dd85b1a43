"""Admin tokens, which a secret derived from a stack's root secret signs."""

import hmac
import time

from clipo import hs256

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
_VALID_FOR_S = 60


def admin_token(root_secret: str) -> str:
    """Return a token that is valid for a minute, for one request as the stack's operator."""
    claims = {"sub": "root", "scope": "admin", "exp": int(time.time()) + _VALID_FOR_S}
    secret = _base62(hmac.digest(root_secret.encode(), b"clipo/admin/v1", "sha256"))
    return hs256.sign(claims, kid="root", secret=secret)


def _base62(data: bytes) -> str:
    number, digits = int.from_bytes(data), ""
    for _ in range(_SECRET_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
