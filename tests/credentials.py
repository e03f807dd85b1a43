"""API keys and tokens for tests, good and bad ones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import urandom
from typing import Any

from functions.adapters.api_keys import ApiKeys
from functions.core.access import ALL_OWNERS, DEFAULT_SCOPES, ApiKey
from functions.core.api_keys import ROOT_KID, Root, hash_of, new_key
from functions.core.tokens import sign

ROOT = Root(1, "r" * 32)
KEYS = {"ACCESS": "keys", "ROOT_SECRETS": f"1:{ROOT.secret}"}
"""Settings of an API that needs credentials."""


@dataclass(frozen=True)
class IssuedKey:
    """An API key as its holder knows it."""

    id: str
    key: str
    signing_secret: str

    def token(self, **claims: Any) -> str:
        """Return a token of this key for the owner anna, with some claims changed."""
        return sign(claims_with(**claims), kid=self.id, secret=self.signing_secret)


def api_key(**fields: Any) -> ApiKey:
    """Return the record of an API key for all owners, with some fields changed."""
    record: dict[str, Any] = {
        "id": "abcdefghijkl",
        "name": "server",
        "hash": "0" * 64,
        "scopes": DEFAULT_SCOPES,
        "owner": ALL_OWNERS,
        "generation": 1,
        "created_at": datetime.now(UTC),
    }
    return ApiKey(**record | fields)


def issue(keys: ApiKeys, *, root: Root = ROOT, **fields: Any) -> IssuedKey:
    """Store a new API key for all owners, with some fields of its record changed."""
    key_id, key = new_key(urandom)
    known = {"id": key_id, "hash": hash_of(key), "generation": root.generation}
    keys.add(api_key(**known | fields))
    return IssuedKey(key_id, key, root.signing_secret(key_id))


def claims_with(**changes: Any) -> dict[str, Any]:
    """Return the claims of a token, with some changed and those that are `None` left out."""
    claims = {"sub": "anna", "scope": "upload read deliver write", "exp": seconds(300)} | changes
    return {name: value for name, value in claims.items() if value is not None}


def seconds(ahead: float) -> int:
    """Return a time from now, as tokens have it."""
    return int((datetime.now(UTC) + timedelta(seconds=ahead)).timestamp())


def admin_token(root: Root = ROOT, *, ahead: float = 60, **changes: Any) -> str:
    claims = {"sub": "root", "scope": "admin", "exp": seconds(ahead)} | changes
    return sign(claims, kid=ROOT_KID, secret=root.admin_secret())


def session(key: IssuedKey, root: Root = ROOT, **claims: Any) -> str:
    """Return the page's session of a key."""
    return sign(claims_with(**claims), kid=key.id, secret=root.session_secret(key.id))


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def handmade(
    header: object, claims: Mapping[str, object] | str, secret: str, hash_name: str = "sha256"
) -> str:
    """Return a token as no library makes it; texts are taken as the JSON itself."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(_encoded(part.encode()) for part in parts)
    mac = hmac.new(secret.encode(), signed.encode(), getattr(hashlib, hash_name))
    return f"{signed}.{_encoded(mac.digest())}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
