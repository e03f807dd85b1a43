"""Tokens: JSON Web Tokens (JWT) that HMAC-SHA256 signs, and nothing else of that standard.

https://www.rfc-editor.org/rfc/rfc7519, read strictly: https://www.rfc-editor.org/rfc/rfc8725
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from functions.core.access import Claims, Denial, Scope, Unauthenticated
from functions.core.api_keys import ROOT_KID, is_key_id
from functions.core.quotas import TokenLimits

LONGEST = timedelta(hours=24)
"""The longest time that a token may still be valid."""

LONGEST_ADMIN = timedelta(seconds=60)
"""The longest time that an admin token may still be valid."""

LEEWAY = timedelta(seconds=60)
"""The tolerated difference between the clocks of the signer and of Clipo."""

_MOST_BYTES = 4096
_LARGEST_LIMIT = (1 << 53) - 1
"""The largest whole number that every reader of JSON keeps exactly, and that MongoDB stores."""

_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
"""About the last time that a `datetime` can hold."""

_ALGORITHM = "HS256"
_TOKEN = re.compile(r"([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_VIDEO_ID = re.compile("[0-9a-fA-F]{24}")


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token whose signature is not checked yet."""

    kid: str
    """The id of the API key that signs it, or `ROOT_KID`."""
    signed: str
    signature: str

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether this secret has signed the token."""
        return hmac.compare_digest(_signature(self.signed, secret), self.signature)


def sign(claims: Mapping[str, Any], *, kid: str, secret: str) -> str:
    """Return a signed token."""
    header = {"alg": _ALGORITHM, "kid": kid, "typ": "JWT"}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_signature(signed, secret)}"


def read_token(text: str) -> UnverifiedToken:
    """Take a token apart and check its header. Raises `Unauthenticated`."""
    if len(text) > _MOST_BYTES:
        raise malformed(
            f"It has {len(text):,} characters, and a token has at most {_MOST_BYTES:,}. Copy the"
            " token alone, or sign one with fewer claims."
        )
    parts = _TOKEN.fullmatch(text)
    if parts is None:
        raise malformed("It is neither an API key nor a token. Copy it again, and all of it.")
    header = read_object(parts[1].partition(".")[0])
    if header.get("alg") != _ALGORITHM:
        raise malformed(f"Its alg must be {_ALGORITHM}.")
    if "crit" in header:
        raise malformed("Its header must not have crit.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not (kid == ROOT_KID or is_key_id(kid)):
        raise malformed("The kid in its header must be the id of an API key.")
    return UnverifiedToken(kid, parts[1], parts[2])


def read_claims(token: UnverifiedToken, *, now: datetime, longest: timedelta = LONGEST) -> Claims:
    """Return the claims of a token whose signature has been checked. Raises `Unauthenticated`."""
    claims = read_object(token.signed.partition(".")[2])
    expires_at = _check_times(claims, now, longest)
    video_id = optional_claim(claims, "vid", str)
    if video_id is not None and not _VIDEO_ID.fullmatch(video_id):
        raise wrong_claims("vid must be the id of a video.")
    return Claims(
        owner=required_text(claims, "sub"),
        scopes=_scopes(required_text(claims, "scope")),
        expires_at=expires_at,
        video_id=video_id and video_id.lower(),
        limits=TokenLimits(**{one.name: _limit(claims, one.name) for one in fields(TokenLimits)}),
    )


def claims_of(claims: Claims) -> dict[str, Any]:
    """Return claims as the JSON of a token."""
    found: dict[str, Any] = {
        "sub": claims.owner,
        "scope": " ".join(sorted(claims.scopes)),
        "exp": int(claims.expires_at.timestamp()),
        "vid": claims.video_id,
    } | asdict(claims.limits)
    return {name: value for name, value in found.items() if value is not None}


def _check_times(claims: Mapping[str, Any], now: datetime, longest: timedelta) -> datetime:
    """Return the end of a token that is valid now. Raises `Unauthenticated`."""
    ends = check_times(claims, now)
    if ends > now + longest + LEEWAY:
        seconds_ahead = int(longest.total_seconds())
        raise Unauthenticated(
            Denial.TOO_LONG_VALID, f"The token's exp must be within {seconds_ahead:,} seconds."
        )
    return ends


def check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return the end of a token that is valid now, however late that is.

    Raises `Unauthenticated`.
    """
    ends, begins = optional_claim(claims, "exp", int), optional_claim(claims, "nbf", int)
    optional_claim(claims, "iat", int)
    if ends is None:
        raise wrong_claims("exp is missing.")
    seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
    if ends <= seconds - leeway:
        raise Unauthenticated(Denial.EXPIRED, "The token has expired. Get a new one.")
    if begins is not None and begins > seconds + leeway:
        raise Unauthenticated(Denial.NOT_YET_VALID, "The token is not valid yet: see its nbf.")
    return datetime.fromtimestamp(min(ends, _LAST_SECOND), UTC)


def _scopes(text: str) -> frozenset[Scope]:
    """Return the known ones of the scopes in a text, which spaces separate."""
    return frozenset(map(Scope, set(text.split(" ")) & set(Scope)))


def _limit(claims: Mapping[str, Any], name: str) -> int | None:
    limit: int | None = optional_claim(claims, name, int)
    if limit is not None and not 1 <= limit <= _LARGEST_LIMIT:
        raise wrong_claims(
            f"{name} must be from 1 to {_LARGEST_LIMIT}. To set no limit, leave it out."
        )
    return limit


def required_text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that must be a text, and not empty. Raises `Unauthenticated`."""
    value: str | None = optional_claim(claims, name, str)
    if not value:
        raise wrong_claims(f"{name} is missing.")
    return value


def optional_claim(claims: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """Return a claim, or `None` without it. Refuse a null, which may stand for a lost limit."""
    if name not in claims:
        return None
    value = claims[name]
    # A bool is an int to Python, but not to JSON.
    if type(value) is not kind:
        what = "a text" if kind is str else "a whole number"
        raise wrong_claims(f"{name} must be {what}.")
    return value


def read_object(encoded: str) -> dict[str, Any]:
    """Return the JSON object in one part of a token. Raises `Unauthenticated`."""
    try:
        text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise malformed("Its header and its claims must be JSON objects in base64url.") from error
    if not isinstance(value, dict):
        raise malformed("Its header and its claims must be JSON objects.")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("An object has two members with one name.")
    return members


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON.")


def _signature(signed: str, secret: str) -> str:
    return _encode(hmac.digest(secret.encode(), signed.encode(), "sha256"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def malformed(rule: str) -> Unauthenticated:
    """Return the error for a credential that breaks a rule of its format."""
    return Unauthenticated(Denial.MALFORMED, f"The credential cannot be read. {rule}")


def wrong_claims(rule: str) -> Unauthenticated:
    """Return the error for a token whose claims break a rule."""
    return Unauthenticated(Denial.CLAIMS, f"The token's claims are not accepted: {rule}")
