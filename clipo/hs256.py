"""Signs JSON Web Tokens (JWT) by HMAC-SHA256.

The API verifies them in `functions/core`, which the wheel does not contain. So their format is
stated here a second time, and a test compares both.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any


def sign(claims: Mapping[str, Any], *, kid: str, secret: str) -> str:
    """Return a token that a secret, a text, has signed."""
    header = {"alg": "HS256", "kid": kid, "typ": "JWT"}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
