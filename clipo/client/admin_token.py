"""Admin tokens: JWTs that a secret derived from a stack's root secret signs.

The API verifies them in `functions/core`, which the wheel does not contain. So their format is
stated here a second time, and a test compares both.
"""

import base64
import hmac
import json
import time

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
_VALID_FOR_S = 60


def admin_token(root_secret: str) -> str:
    """Return a token that is valid for a minute, for one request as the stack's operator."""
    header = {"alg": "HS256", "kid": "root", "typ": "JWT"}
    claims = {"sub": "root", "scope": "admin", "exp": int(time.time()) + _VALID_FOR_S}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
    secret = _base62(hmac.digest(root_secret.encode(), b"clipo/admin/v1", "sha256"))
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _base62(data: bytes) -> str:
    number, digits = int.from_bytes(data), ""
    for _ in range(_SECRET_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
