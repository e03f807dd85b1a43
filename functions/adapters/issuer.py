"""The keys of an OpenID Connect issuer, and the signatures that they verify.

The API imports this module, and with it PyJWT and cryptography, at the first token of an issuer.
"""

import json
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import Any, TypeAlias

from jwt import PyJWK, PyJWS, PyJWTError
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from functions.adapters.telemetry import logger
from functions.core.access import Denial, Unauthenticated
from functions.core.clock import Clock
from functions.core.oidc import (
    ALGORITHMS,
    OidcLogin,
    UntrustedIssuer,
    UnverifiedLogin,
    jwks_uri_in,
    usable_keys,
)
from functions.core.unavailable import IssuerUnavailable

Fetch: TypeAlias = Callable[[str], bytes]
"""A function that returns the body at an address. Raises `IssuerUnavailable`."""

_FRESH = timedelta(hours=1)
"""How long Clipo uses the keys before it reads them again."""

_USABLE = timedelta(hours=24)
"""How long Clipo uses the keys while the issuer does not answer."""

_PAUSE = timedelta(seconds=30)
"""The shortest time between two readings, so that invented `kid`s cause no flood of them."""

_PAUSE_AFTER_FAILURE = timedelta(seconds=5)

_CONNECT_S = 2
_READ_S = 3
_BODY_S = 3
_MOST_BYTES = 256 << 10
_SMALLEST_RSA_BITS = 2048


class Issuer:
    """Verifies the signatures of one issuer's tokens, with its keys kept in memory."""

    def __init__(self, login: OidcLogin, now: Clock, fetch: Fetch | None = None) -> None:
        """Take the issuer, the clock and, in tests, another way to get its documents."""
        self._login = login
        self._now = now
        self._fetch = fetch or HttpsDocuments().get
        self._keys: dict[tuple[str, str], PyJWK] = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failed: Exception | None = None
        self._lock = Lock()

    def verify(self, token: UnverifiedLogin) -> None:
        """Check a token's signature. Raises `Unauthenticated` and `IssuerUnavailable`."""
        key = self._key(token)
        try:
            PyJWS(algorithms=ALGORITHMS).decode(token.text, key, algorithms=[token.algorithm])
        except PyJWTError as error:
            raise Unauthenticated(
                Denial.SIGNATURE, "The token's signature does not fit the issuer's key."
            ) from error

    def _key(self, token: UnverifiedLogin) -> PyJWK:
        name = (token.kid, token.algorithm)
        is_fresh = self._is_younger_than(_FRESH) and name in self._keys
        # One request reads the keys. Those whose key is still usable do not wait for it.
        if not is_fresh and self._lock.acquire(blocking=not self._usable(name)):
            try:
                self._refresh(name)
            finally:
                self._lock.release()
        if key := self._usable(name):
            return key
        if self._failed:
            raise IssuerUnavailable("the issuer's keys cannot be read") from self._failed
        raise Unauthenticated(
            Denial.UNKNOWN_KID,
            "The issuer has no such key for the token's kid and alg. Get a new token.",
        )

    def _refresh(self, name: tuple[str, str]) -> None:
        """Read the keys again, unless another request has just done so."""
        if self._is_younger_than(_FRESH) and name in self._keys:
            return
        now, pause = self._now(), _PAUSE_AFTER_FAILURE if self._failed else _PAUSE
        if self._tried_at is not None and timedelta() <= now - self._tried_at < pause:
            return
        try:
            self._keys = _loaded(self._documents())
        except (IssuerUnavailable, UntrustedIssuer, ValueError, RecursionError) as error:
            logger().warning("issuer keys not read", exc_info=error)
            self._failed = error
        else:
            self._read_at, self._failed = now, None
        finally:
            # Each request that waited for a slow issuer would otherwise ask it again.
            self._tried_at = self._now()

    def _documents(self) -> object:
        """Return the issuer's JWK set."""
        address = self._login.jwks_uri
        if address is None:
            address = jwks_uri_in(json.loads(self._fetch(self._login.discovery_url)), self._login)
        return json.loads(self._fetch(address))

    def _usable(self, name: tuple[str, str]) -> PyJWK | None:
        return self._keys.get(name) if self._is_younger_than(_USABLE) else None

    def _is_younger_than(self, age: timedelta) -> bool:
        return self._read_at is not None and timedelta() <= self._now() - self._read_at < age


class HttpsDocuments:
    """Gets small documents over HTTPS. It follows no redirect."""

    def __init__(self) -> None:
        """Create the pool, which trusts the certificates of the system or of SSL_CERT_FILE."""
        self._pool = PoolManager(retries=False)

    def get(self, address: str) -> bytes:
        """Return the body at an address. Raises `IssuerUnavailable`."""
        try:
            response = self._pool.request(
                "GET",
                address,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=Timeout(connect=_CONNECT_S, read=_READ_S),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            with closing(response):
                if response.status != HTTPStatus.OK:
                    raise IssuerUnavailable(f"the issuer answers {response.status}")
                return _body(response)
        except HTTPError as error:
            raise IssuerUnavailable(
                f"the issuer does not answer: {type(error).__name__}"
            ) from error


def _body(response: BaseHTTPResponse) -> bytes:
    body, ends = b"", time.monotonic() + _BODY_S
    while piece := response.read1(_MOST_BYTES):
        body += piece
        if len(body) > _MOST_BYTES:
            raise IssuerUnavailable(f"the issuer sends more than {_MOST_BYTES:,} bytes")
        # The timeout of a read begins again with each piece.
        if time.monotonic() > ends:
            raise IssuerUnavailable(f"the issuer sends for more than {_BODY_S} seconds")
    return body


def _loaded(document: object) -> dict[tuple[str, str], PyJWK]:
    """Return the keys of a JWK set, without those that cannot be loaded or are too weak."""
    loaded = {}
    for name, key in usable_keys(document).items():
        with suppress(PyJWTError, ValueError, TypeError):
            made = PyJWK(key, algorithm=name[1])
            if getattr(made.key, "key_size", 0) >= _least_bits(key):
                loaded[name] = made
    return loaded


def _least_bits(key: dict[str, Any]) -> int:
    return _SMALLEST_RSA_BITS if key["kty"] == "RSA" else 0
