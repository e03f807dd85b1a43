"""Tokens of the operator's own login: JSON Web Tokens that one OpenID Connect issuer has signed.

The functions here read the header, choose the keys and judge the claims. An adapter gets the keys
and checks the signature. https://www.rfc-editor.org/rfc/rfc8725,
https://www.rfc-editor.org/rfc/rfc9068, https://openid.net/specs/openid-connect-core-1_0.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from functions.core.access import (
    Caller,
    CredentialKind,
    Denial,
    Scope,
    Unauthenticated,
    is_owner,
)
from functions.core.tokens import (
    LEEWAY,
    check_times,
    malformed,
    optional_claim,
    read_object,
    required_text,
    wrong_claims,
)

ALGORITHMS = ("RS256", "ES256")
"""The algorithms that Clipo accepts. A public key verifies all of them."""

_MOST_BYTES = 8192
"""The largest token. API Gateway accepts 10,240 bytes of headers together."""

_MOST_KEYS = 100
_LONGEST_KID = 256
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
"""The values of `typ` that a log-in's tokens have. An issuer also signs others, such as those
for its log-out, which are no credentials."""

_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_HOST_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


@dataclass(frozen=True, slots=True)
class OidcLogin:
    """The issuer whose tokens Clipo accepts, and what they allow."""

    issuer: str
    """The issuer's URL, exactly as the claim `iss` has it."""
    audiences: frozenset[str]
    """The values of the audience claim, of which a token must have one."""
    scopes: frozenset[Scope]
    """The scopes of all its users. A token's own `scope` means something else to each issuer."""
    audience_claim: str = "aud"
    owner_claim: str = "sub"
    owner_prefix: str = "oidc:"
    """The text before the claim in the owner's name, which keeps the issuer's users apart from the
    owners that API keys and their tokens name."""
    jwks_uri: str | None = None
    """The address of the issuer's keys; `None` if its discovery document names it."""

    @property
    def discovery_url(self) -> str:
        """The address of the issuer's discovery document."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class UnverifiedLogin:
    """A token whose signature is not checked yet."""

    text: str
    algorithm: str
    kid: str
    """The name of the issuer's key that signs it."""
    claims: Mapping[str, Any]


class UntrustedIssuer(Exception):
    """The issuer's documents break a rule. The message is for the operator's log."""


def read_login(text: str) -> UnverifiedLogin | None:
    """Take a token apart; `None` if it is none of an issuer's. Raises `Unauthenticated`."""
    parts = _TOKEN.fullmatch(text) if len(text) <= _MOST_BYTES else None
    if parts is None:
        return None
    header = read_object(parts[1])
    algorithm, kid, kind = (header.get(name) for name in ("alg", "kid", "typ"))
    if algorithm not in ALGORITHMS:
        return None
    if "crit" in header:
        raise malformed("Its header must not have crit.")
    if not isinstance(kid, str) or not 1 <= len(kid) <= _LONGEST_KID:
        raise malformed("The kid in its header must name a key of the issuer.")
    if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
        raise malformed("Its typ must be JWT or at+jwt.")
    return UnverifiedLogin(text, algorithm, kid, read_object(parts[2]))


def check_issuer(token: UnverifiedLogin, login: OidcLogin) -> None:
    """Raise `Unauthenticated` if another issuer has made a token. Its signature may be unknown."""
    if required_text(token.claims, "iss") != login.issuer:
        raise Unauthenticated(Denial.ISSUER, "The token's iss is not the issuer of this Clipo.")


def caller_with_login(token: UnverifiedLogin, login: OidcLogin, *, now: datetime) -> Caller:
    """Return the caller who sends a token whose signature has been checked.

    Raises `Unauthenticated`.
    """
    check_issuer(token, login)
    _check_audience(token.claims, login)
    expires_at = check_times(token.claims, now)
    issued_at = optional_claim(token.claims, "iat", int)
    if issued_at is not None and issued_at > now.timestamp() + LEEWAY.total_seconds():
        raise Unauthenticated(
            Denial.NOT_YET_VALID, "The token comes from the future: see its iat, and the clocks."
        )
    owner = login.owner_prefix + required_text(token.claims, login.owner_claim)
    if not is_owner(owner):
        raise wrong_claims(
            f"{login.owner_claim} must name an owner: letters, digits or . _ : @ | / + = -, with"
            f" {login.owner_prefix!r} before it at most 128."
        )
    return Caller(CredentialKind.LOGIN, owner, login.scopes, expires_at=expires_at)


def _check_audience(claims: Mapping[str, Any], login: OidcLogin) -> None:
    found = claims.get(login.audience_claim)
    values = found if isinstance(found, list) else [found]
    if not any(isinstance(value, str) and value in login.audiences for value in values):
        raise Unauthenticated(
            Denial.AUDIENCE, f"The token's {login.audience_claim} names another audience."
        )


def jwks_uri_in(document: object, login: OidcLogin) -> str:
    """Return the address of the keys in a discovery document. Raises `UntrustedIssuer`."""
    if not isinstance(document, dict) or document.get("issuer") != login.issuer:
        raise UntrustedIssuer("the discovery document names another issuer")
    found = document.get("jwks_uri")
    if not isinstance(found, str) or not _is_trusted(found, login.issuer):
        raise UntrustedIssuer(
            "jwks_uri must be https, on the issuer's own host or a public host name"
        )
    return found


def is_https(url: str) -> bool:
    """Tell whether a text is an https URL without user, query and fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    visible = re.fullmatch(r"[!-~]+", url) is not None and "\\" not in url
    plain = not ({"?", "#", "@"} & set(url))
    return visible and plain and parts.scheme == "https" and bool(parts.hostname) and port != 0


def _is_trusted(url: str, issuer: str) -> bool:
    """Tell whether an issuer may name this address of its keys: none of a private network's."""
    if not is_https(url):
        return False
    own, other = urlsplit(issuer), urlsplit(url)
    if other.netloc == own.netloc:
        return True
    return other.port in (None, 443) and _HOST_NAME.fullmatch(other.hostname or "") is not None


def usable_keys(document: object) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the keys of a JWK set that verify tokens, by `kid` and algorithm.

    It leaves out all others, such as those for encryption, and takes the first of two with one
    name. Raises `UntrustedIssuer` if this is no JWK set.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise UntrustedIssuer("the answer with its keys is no JWK set")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key in keys[:_MOST_KEYS]:
        algorithm = _algorithm_of(key) if isinstance(key, dict) else None
        if algorithm is not None:
            found.setdefault((key["kid"], algorithm), key)
    return found


def _algorithm_of(key: Mapping[str, Any]) -> str | None:
    """Return the algorithm for which a key is; `None` if Clipo does not use it."""
    kind = f"{key.get('kty')} {key.get('crv')}"
    algorithm = {"RSA None": "RS256", "EC P-256": "ES256"}.get(kind)
    operations = key.get("key_ops", ["verify"])
    good = (
        isinstance(key.get("kid"), str)
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        # A private key that everyone can read proves nothing.
        and "d" not in key
    )
    return algorithm if good else None
