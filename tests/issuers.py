"""An OpenID Connect issuer for tests, which can also lie."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.core.access import Scope
from functions.core.oidc import OidcLogin
from functions.core.unavailable import IssuerUnavailable
from tests.credentials import seconds

URL = "https://login.example.com/"
AUDIENCE = "https://video.example.com"
LOGIN = OidcLogin(
    URL, frozenset({AUDIENCE}), frozenset({Scope.UPLOAD, Scope.READ, Scope.DELIVER, Scope.WRITE})
)


class FakeIssuer:
    """Signs tokens, and answers for its documents."""

    def __init__(self, url: str = URL) -> None:
        self.url = url
        self.jwks_uri = f"{url.rstrip('/')}/jwks.json"
        self.private: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {}
        self.odd_keys: list[object] = []
        self.documents: dict[str, bytes] = {}
        """Answers in place of its own, by address."""
        self.is_down = False
        self.meanwhile: Callable[[], object] = lambda: None
        """Called before each answer."""
        self.asked: list[str] = []
        self.rotate("k1")

    def rotate(self, kid: str) -> None:
        """Sign with another key from now on, and forget the others."""
        self.private = {kid: ec.generate_private_key(ec.SECP256R1())}

    def rotate_to_rsa(self, kid: str, bits: int = 2048) -> None:
        self.private = {kid: rsa.generate_private_key(65537, bits)}

    @property
    def kid(self) -> str:
        return next(iter(self.private))

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [*self.odd_keys, *(public(k, kid) for kid, k in self.private.items())]}

    def fetch(self, address: str) -> bytes:
        """Return the document at an address, as `functions.adapters.issuer.Fetch`."""
        self.asked.append(address)
        self.meanwhile()
        if self.is_down:
            raise IssuerUnavailable("down")
        own = {
            f"{self.url.rstrip('/')}/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": self.jwks_uri,
            },
            self.jwks_uri: self.jwks,
        }
        return self.documents.get(address) or json.dumps(own[address]).encode()

    def claims(self, **changes: object) -> dict[str, Any]:
        """Return good claims of the user anna, with some changed and those of `None` left out."""
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "anna",
            "iat": seconds(-5),
            "exp": seconds(300),
        }
        return {k: v for k, v in (claims | changes).items() if v is not None}

    def token(self, *, headers: Mapping[str, Any] | None = None, **changes: object) -> str:
        """Return a token, with some of its claims and of its header changed."""
        key = self.private[self.kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        head = {"kid": self.kid} | dict(headers or {})
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers=head)


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    """Return the public part of a key as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        made = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        made = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return dict(made) | {"kid": kid, "use": "sig"}
