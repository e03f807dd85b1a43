"""Access rules: which callers may do what, and with whose videos.

A caller proves itself by an API key, by a token that an API key has signed, by the page's session,
or by an admin token. Adapters read the record of the API key; the functions here decide.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.core.quotas import NO_LIMITS, TokenLimits

ALL_OWNERS = "*"
"""The `owner` of a caller or an API key that reaches the videos of all owners, and those without
one. No owner has this name."""

LEGACY_OWNER = "$legacy"
"""The owner of the videos that callers without a credential upload to the legacy endpoints. Names
that begin with `$` are reserved for Clipo."""

_NO_OWNER = "$public"
"""The `owner` of a caller who reaches public videos only. No video has this owner."""

OWNER_PATTERN = "^[A-Za-z0-9._:@|/+=-]{1,128}$"


class Scope(StrEnum):
    """The kinds of requests that a caller may make."""

    UPLOAD = "upload"
    """Announce a video, sign its upload, and get one video by its id, but no list."""
    READ = "read"
    """Get and list videos."""
    DELIVER = "deliver"
    """Get the files and thumbnails of videos."""
    WRITE = "write"
    """Change, retry, reprocess and delete videos."""
    ADMIN = "admin"
    """Manage API keys and webhook receivers."""


DEFAULT_SCOPES = frozenset(Scope) - {Scope.ADMIN}
"""The scopes of an API key that names none, and of callers without a credential in `open`."""


class CredentialKind(StrEnum):
    """The ways in which a caller proves itself."""

    NONE = "none"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 (the kind, not one of them)
    SESSION = "session"
    LOGIN = "login"
    """A token of the OpenID Connect issuer that the settings name."""
    ADMIN = "admin"
    """The admin token, which only the root secret signs."""


class Denial(StrEnum):
    """The reasons why a credential is not accepted. The log shows these names."""

    MISSING = "missing"
    SEVERAL = "several"
    MALFORMED = "malformed"
    CHECKSUM = "checksum"
    UNKNOWN_KEY = "unknown_key"
    KEY_EXPIRED = "key_expired"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    TOO_LONG_VALID = "too_long_valid"
    CLAIMS = "claims"
    OTHER_OWNER = "other_owner"
    MISPLACED = "misplaced"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    UNKNOWN_KID = "unknown_kid"


class Unauthenticated(Exception):
    """A credential is missing or not accepted. The message says what to do."""

    def __init__(self, denial: Denial, sentence: str) -> None:
        """Take the reason and a sentence for the client."""
        super().__init__(sentence)
        self.denial = denial


def missing_credential() -> Unauthenticated:
    """Return the error for a request that needs a credential and has none."""
    return Unauthenticated(
        Denial.MISSING,
        "Send an API key or a token as Authorization: Bearer. The operator of this Clipo"
        " creates keys with `clipo keys create`.",
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, as far as its credential tells."""

    kind: CredentialKind
    owner: str
    """The one owner whose videos it reaches, or `ALL_OWNERS`."""
    scopes: frozenset[Scope]
    key_id: str | None = None
    """The id of the API key that was sent, or that signed the token; `None` without one."""
    video_id: str | None = None
    """The only video that it reaches, if its token names one."""
    expires_at: datetime | None = None
    """The end of its credential, if that has one."""
    limits: TokenLimits = NO_LIMITS
    """The limits that its token sets to its uploads."""

    @property
    def reaches_all_owners(self) -> bool:
        """Whether it reaches the videos of all owners, and those without one."""
        return self.owner == ALL_OWNERS

    def reaches_owner(self, owner: str | None) -> bool:
        """Tell whether it reaches the videos of an owner; `None` stands for those without one."""
        return reaches(self.owner, owner)

    def may(self, *scopes: Scope) -> bool:
        """Tell whether it has one of these scopes."""
        return not self.scopes.isdisjoint(scopes)

    def reaches_video(self, video_id: str | None) -> bool:
        """Tell whether its token allows a request for this video, or for none in particular."""
        return self.video_id is None or (video_id or "").lower() == self.video_id


OPEN_CALLER = Caller(CredentialKind.NONE, ALL_OWNERS, DEFAULT_SCOPES)
"""The caller without a credential, if Clipo is open."""

LEGACY_CALLER = Caller(
    CredentialKind.NONE, LEGACY_OWNER, frozenset({Scope.UPLOAD, Scope.READ, Scope.DELIVER})
)
"""The caller of a legacy endpoint without a credential, if only the legacy endpoints are open."""

PUBLIC_CALLER = Caller(CredentialKind.NONE, _NO_OWNER, frozenset({Scope.DELIVER}))
"""The caller without a credential of an address that delivers public videos."""

ADMIN_CALLER = Caller(CredentialKind.ADMIN, ALL_OWNERS, frozenset(Scope))
"""The holder of an admin token."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The record of an API key. It contains no secret."""

    id: str
    name: str
    hash: str
    """SHA-256 of the whole key, in hexadecimal digits."""
    scopes: frozenset[Scope]
    owner: str
    """The owner to whom the key is bound, or `ALL_OWNERS`."""
    generation: int
    """The generation of the root secret that derives this key's signing secret."""
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    """The last use of the key, its tokens or its sessions, to the hour."""

    @property
    def reaches_all_owners(self) -> bool:
        """Whether the key reaches the videos of all owners, and those without one."""
        return self.owner == ALL_OWNERS

    @property
    def token_scopes(self) -> frozenset[Scope]:
        """The scopes that its tokens can have. Only the root secret signs tokens for `ADMIN`."""
        return self.scopes - {Scope.ADMIN}

    def reaches_owner(self, owner: str) -> bool:
        """Tell whether its tokens can be for an owner."""
        return reaches(self.owner, owner)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token or session."""

    owner: str
    scopes: frozenset[Scope]
    expires_at: datetime
    video_id: str | None = None
    limits: TokenLimits = NO_LIMITS


def reaches(reach: str, owner: str | None) -> bool:
    """Tell whether one owner, or `ALL_OWNERS`, includes an owner; `None` is a video without one."""
    return reach in (ALL_OWNERS, owner)


def is_owner(text: str) -> bool:
    """Tell whether a text can be the name of an owner. Owners are compared by their bytes."""
    return re.fullmatch(OWNER_PATTERN, text) is not None


def caller_with_key(key: ApiKey, *, now: datetime) -> Caller:
    """Return the caller who sends an API key. Raises `Unauthenticated`."""
    _check_expiry(key, now)
    return Caller(
        CredentialKind.KEY, key.owner, key.scopes, key_id=key.id, expires_at=key.expires_at
    )


def caller_with_token(key: ApiKey, claims: Claims, *, now: datetime) -> Caller:
    """Return the caller who sends a token of an API key. Raises `Unauthenticated`.

    A token is for one owner. It has no right that its key does not have at this moment.
    """
    if not is_owner(claims.owner):
        raise Unauthenticated(
            Denial.CLAIMS,
            "The token's sub must name an owner: 1 to 128 letters, digits or . _ : @ | / + = -",
        )
    if claims.scopes.isdisjoint(DEFAULT_SCOPES):
        names = ", ".join(scope for scope in Scope if scope in DEFAULT_SCOPES)
        raise Unauthenticated(
            Denial.CLAIMS, f"The token's scope names none of {names}. Separate scopes by spaces."
        )
    return _caller_of(CredentialKind.TOKEN, key, claims, now)


def caller_with_session(key: ApiKey, claims: Claims, *, now: datetime) -> Caller:
    """Return the caller of the page's session. Raises `Unauthenticated`."""
    return _caller_of(CredentialKind.SESSION, key, claims, now)


def _caller_of(kind: CredentialKind, key: ApiKey, claims: Claims, now: datetime) -> Caller:
    _check_expiry(key, now)
    if not key.reaches_owner(claims.owner):
        raise Unauthenticated(
            Denial.OTHER_OWNER,
            "The token names another owner than the API key that signed it. Set sub to the owner"
            " of the key.",
        )
    return Caller(
        kind,
        claims.owner,
        claims.scopes & key.token_scopes,
        key_id=key.id,
        video_id=claims.video_id,
        expires_at=min(claims.expires_at, key.expires_at or claims.expires_at),
        limits=claims.limits,
    )


def _check_expiry(key: ApiKey, now: datetime) -> None:
    if key.expires_at and key.expires_at <= now:
        raise Unauthenticated(
            Denial.KEY_EXPIRED, "The API key has expired. Ask its operator for a new one."
        )
