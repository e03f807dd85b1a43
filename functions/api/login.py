"""Callers who send a token of the operator's own login, an OpenID Connect issuer."""

from functools import cached_property
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from functions.core.access import Caller
from functions.core.clock import Clock
from functions.core.oidc import OidcLogin, UnverifiedLogin, caller_with_login, check_issuer

if TYPE_CHECKING:
    from functions.adapters.issuer import Fetch, Issuer


class Logins:
    """Checks the tokens of one issuer."""

    def __init__(self, login: OidcLogin, now: Clock, fetch: "Fetch | None" = None) -> None:
        """Take the issuer, the clock and, in tests, another way to get its documents."""
        self._login = login
        self._now = now
        self._fetch = fetch

    async def caller_with(self, token: UnverifiedLogin) -> Caller:
        """Return the caller. Raises `Unauthenticated` and `IssuerUnavailable`."""
        # An issuer's name costs nothing to check, and its keys may cost a request.
        check_issuer(token, self._login)
        await run_in_threadpool(self._issuer.verify, token)
        return caller_with_login(token, self._login, now=self._now())

    @cached_property
    def _issuer(self) -> "Issuer":
        # PyJWT and cryptography take 40 ms, which only callers with such a token should pay.
        from functions.adapters.issuer import Issuer  # noqa: PLC0415

        return Issuer(self._login, self._now, self._fetch)
