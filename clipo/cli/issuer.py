"""The check of `clipo doctor` on the OpenID Connect issuer whose tokens a stack accepts.

It reads what the API reads: the discovery document and the keys. The API itself checks more, by
`functions/core/oidc.py`, which the wheel does not contain.
"""

from collections.abc import Mapping
from typing import Any

import httpx2

from clipo.cli.finding import Finding, broken, ok
from clipo.client.faults import reason

VARIABLE = "OIDC_ISSUER"
_AUDIENCE = "OIDC_AUDIENCE"
_KEYS = "OIDC_JWKS_URI"
_TIMEOUT = httpx2.Timeout(5)
_KINDS = ("RSA", "EC")
"""The kinds of keys that verify the accepted signatures, RS256 and ES256."""


class _Unusable(Exception):
    """The issuer's documents do not allow the API to check a token."""


def check(
    title: str, environ: Mapping[str, str], transport: httpx2.BaseTransport | None = None
) -> Finding:
    """Return whether the API can read the keys of its issuer, by the settings of the API.

    Tests give another `transport`.
    """
    issuer = environ[VARIABLE]
    fix = f"Correct {VARIABLE} (OidcIssuer in AWS), or ask the operator of the issuer."
    if not environ.get(_AUDIENCE):
        return broken(title, f"{_AUDIENCE} is not set.", f"Set {_AUDIENCE} (OidcAudience in AWS).")
    try:
        with httpx2.Client(timeout=_TIMEOUT, transport=transport) as http:
            _check_keys(http, issuer, environ.get(_KEYS) or _find_keys(http, issuer))
    except (_Unusable, httpx2.InvalidURL) as error:
        return broken(title, str(error), fix)
    return ok(title, f"The keys of {issuer} can be read; audience {environ[_AUDIENCE]}.")


def _check_keys(http: httpx2.Client, issuer: str, address: str) -> None:
    keys = _read(http, address).get("keys")
    if not any(_verifies(key) for key in keys or ()):
        raise _Unusable(f"{issuer} has no key for RS256 or ES256.")


def _find_keys(http: httpx2.Client, issuer: str) -> str:
    """Return the address of the keys in the discovery document."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _read(http, address)
    if document.get("issuer") != issuer:
        raise _Unusable(
            f"{address} names the issuer {document.get('issuer')!r}, and {VARIABLE} is"
            f" {issuer!r}: both must be the same, to the last slash."
        )
    keys = document.get("jwks_uri")
    if not isinstance(keys, str) or not keys.startswith("https://"):
        raise _Unusable(f"{address} has no jwks_uri that begins with https://.")
    return keys


def _read(http: httpx2.Client, address: str) -> dict[str, Any]:
    try:
        answer = http.get(address)
        found = answer.json() if answer.is_success else None
    except httpx2.HTTPError as error:
        raise _Unusable(f"No answer from {address}: {reason(error)}.") from error
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Unusable(f"{address} answers {answer.status_code} without a JSON object.")
    return found


def _verifies(key: Any) -> bool:
    return isinstance(key, dict) and key.get("kty") in _KINDS and bool(key.get("kid"))
