"""Proves who a caller is by a credential: an API key, a token or the page's session."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool

from functions.adapters.api_keys import ApiKeys
from functions.api.login import Logins
from functions.api.page_session import LONGEST_SESSION
from functions.core.access import (
    ADMIN_CALLER,
    ApiKey,
    Caller,
    Claims,
    CredentialKind,
    Denial,
    Scope,
    Unauthenticated,
    caller_with_key,
    caller_with_session,
    caller_with_token,
)
from functions.core.api_keys import PREFIX, ROOT_KID, Root, hash_of, id_in, root_of
from functions.core.clock import Clock
from functions.core.oidc import read_login
from functions.core.tokens import (
    LONGEST_ADMIN,
    UnverifiedToken,
    claims_of,
    read_claims,
    read_token,
    sign,
)
from functions.core.unavailable import CatalogUnavailable

_REMEMBERED = timedelta(seconds=60)
"""How long a key's record is used again: for this long a revoked key may still be accepted."""

_MOST_REMEMBERED = 1000
_ONLY_DELIVERY = {Scope.DELIVER}

_Secret: TypeAlias = Callable[[Root, str], str]
_Rule: TypeAlias = Callable[..., Caller]
"""A rule of `core/access.py`: key, claims and `now` to the caller."""


class Authenticator:
    """Checks credentials. Each method may raise `Unauthenticated` and `Unavailable`.

    It checks the signature of a token first, without the database.
    """

    def __init__(
        self, roots: tuple[Root, ...], keys: ApiKeys, now: Clock, logins: Logins | None = None
    ) -> None:
        """Take the generations of the root secret, the present one first.

        `logins` checks the tokens of the operator's own login, if there is one.
        """
        self._roots = roots
        self._logins = logins
        self._keys = RememberedKeys(keys, now)
        self._now = now

    async def caller_with(self, credential: str) -> Caller:
        """Return the caller who sends this API key, token or login's token."""
        if credential.startswith(PREFIX):
            key = await self._keys.get(id_in(credential))
            if not hmac.compare_digest(key.hash, hash_of(credential)):
                raise _unknown_key()
            return caller_with_key(key, now=self._now())
        login = read_login(credential) if self._logins else None
        if self._logins and login:
            return await self._logins.caller_with(login)
        token = read_token(credential)
        if token.kid == ROOT_KID:
            return self._admin(token)
        return await self._holder(token, Root.signing_secret, caller_with_token)

    async def caller_with_delivery_token(self, text: str) -> Caller:
        """Return the caller who sends a token in an address, where others may read it."""
        return await self._holder(read_token(text), Root.signing_secret, _with_delivery_token)

    async def caller_with_session(self, text: str) -> Caller:
        """Return the caller who sends the page's session."""
        return await self._holder(read_token(text), Root.session_secret, caller_with_session)

    async def new_session(self, credential: str) -> tuple[str, Caller]:
        """Return a session of the page for the caller who sends an API key or a token."""
        caller = await self.caller_with(credential)
        if not caller.scopes:
            raise Unauthenticated(Denial.CLAIMS, "The credential has no scope that Clipo knows.")
        if caller.key_id is None:
            raise Unauthenticated(
                Denial.MISPLACED, "The page takes an API key or a token that a key has signed."
            )
        key = await self._keys.get(caller.key_id)
        root = root_of(key, self._roots)
        if root is None:
            raise _wrong_signature()
        now = self._now()
        ends = now + LONGEST_SESSION
        ends = min(ends, caller.expires_at or ends).replace(microsecond=0)
        if ends <= now:
            # The leeway of a token is for clocks that differ: its session would be over at once.
            raise Unauthenticated(Denial.EXPIRED, "The token has expired. Get a new one.")
        claims = Claims(
            caller.owner, caller.scopes, ends, video_id=caller.video_id, limits=caller.limits
        )
        session = sign(claims_of(claims), kid=key.id, secret=root.session_secret(key.id))
        return session, replace(caller, kind=CredentialKind.SESSION, expires_at=ends)

    def forget(self, key_id: str) -> None:
        """Read the record of a key again at its next use."""
        self._keys.forget(key_id)

    def _admin(self, token: UnverifiedToken) -> Caller:
        # An older root secret may be known to others: that is a reason to replace it.
        if not self._roots or not token.is_signed_with(self._roots[0].admin_secret()):
            raise _wrong_signature()
        claims = read_claims(token, now=self._now(), longest=LONGEST_ADMIN)
        if claims != Claims(ROOT_KID, frozenset({Scope.ADMIN}), claims.expires_at):
            # Other claims would be a promise of fewer rights than the token has.
            raise Unauthenticated(
                Denial.CLAIMS,
                "An admin token has the sub root and the scope admin, and no vid or limit.",
            )
        return ADMIN_CALLER

    async def _holder(self, token: UnverifiedToken, secret: _Secret, rule: _Rule) -> Caller:
        root = next((r for r in self._roots if token.is_signed_with(secret(r, token.kid))), None)
        if root is None:
            raise _wrong_signature()
        claims = read_claims(token, now=self._now())
        key = await self._keys.get(token.kid)
        if key.generation != root.generation:
            raise _wrong_signature()
        return rule(key, claims, now=self._now())


class RememberedKeys:
    """The records of API keys, each kept in memory for a minute."""

    def __init__(self, keys: ApiKeys, now: Clock) -> None:
        """Take the records and the clock."""
        self._keys = keys
        self._now = now
        self._found: dict[str, tuple[datetime, ApiKey | None]] = {}

    async def get(self, key_id: str) -> ApiKey:
        """Return the record of a key. Raises `Unauthenticated` for an unknown one."""
        read_at, key = self._found.get(key_id, (None, None))
        if read_at is None or not timedelta() <= self._now() - read_at < _REMEMBERED:
            key = await run_in_threadpool(self._read, key_id)
        if key is None:
            raise _unknown_key()
        return key

    def forget(self, key_id: str) -> None:
        """Read a record again at its next use."""
        self._found.pop(key_id, None)

    def _read(self, key_id: str) -> ApiKey | None:
        now = self._now()
        key = self._keys.get(key_id)
        if len(self._found) >= _MOST_REMEMBERED:
            # Unknown ids fill it, if a caller guesses.
            self._found.clear()
        self._found[key_id] = now, key
        if key:
            self._record_use(key, now)
        return key

    def _record_use(self, key: ApiKey, now: datetime) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0)
        if key.last_used_at is None or key.last_used_at < hour:
            # The request matters more than this record of it.
            with suppress(CatalogUnavailable):
                self._keys.record_use(key.id, hour)


def _with_delivery_token(key: ApiKey, claims: Claims, *, now: datetime) -> Caller:
    if claims.scopes != _ONLY_DELIVERY:
        raise Unauthenticated(
            Denial.MISPLACED,
            "A token in an address must have the scope deliver and no other. Send this one as"
            " Authorization: Bearer.",
        )
    return caller_with_token(key, claims, now=now)


def _unknown_key() -> Unauthenticated:
    return Unauthenticated(
        Denial.UNKNOWN_KEY, "The API key is unknown or has been revoked. Ask its operator for one."
    )


def _wrong_signature() -> Unauthenticated:
    return Unauthenticated(
        Denial.SIGNATURE,
        "The token's signature does not fit. Sign it with the signing secret of the API key that"
        " kid names, as UTF-8 text.",
    )
