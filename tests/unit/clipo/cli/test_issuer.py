"""The finding of `clipo doctor` on an OpenID Connect issuer."""

from typing import Any

import httpx2
import pytest

from clipo.cli import issuer
from clipo.cli.finding import Finding, State

ISSUER = "https://login.example/"
DISCOVERY = "https://login.example/.well-known/openid-configuration"
KEYS = "https://login.example/keys"
SET = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": "clipo"}
GOOD: dict[str, Any] = {
    DISCOVERY: {"issuer": ISSUER, "jwks_uri": KEYS},
    KEYS: {"keys": [{"kty": "oct", "kid": "1"}, {"kty": "RSA", "kid": "2"}]},
}


def check(documents: dict[str, Any], **settings: str) -> Finding:
    def answer(request: httpx2.Request) -> httpx2.Response:
        found = documents.get(str(request.url))
        if isinstance(found, Exception):
            raise found
        return httpx2.Response(404) if found is None else httpx2.Response(200, json=found)

    return issuer.check("Login", SET | settings, httpx2.MockTransport(answer))


def test_an_issuer_with_keys_is_well() -> None:
    assert check(GOOD) == Finding(
        "Login", State.OK, f"The keys of {ISSUER} can be read; audience clipo."
    )
    elsewhere = "https://cdn.example/keys"
    named = {elsewhere: GOOD[KEYS]}
    assert check(named, OIDC_JWKS_URI=elsewhere).state is State.OK


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ({DISCOVERY: httpx2.ConnectError("refused")}, f"No answer from {DISCOVERY}: refused."),
        ({}, f"{DISCOVERY} answers 404 without a JSON object."),
        ({DISCOVERY: []}, "without a JSON object"),
        ({DISCOVERY: GOOD[DISCOVERY] | {"issuer": "https://login.example"}}, "the last slash"),
        ({DISCOVERY: {"issuer": ISSUER, "jwks_uri": "http://x/"}}, "begins with https://"),
        ({DISCOVERY: GOOD[DISCOVERY]}, f"{KEYS} answers 404"),
        (GOOD | {KEYS: {"keys": [{"kty": "oct", "kid": "1"}, 1]}}, "no key for RS256 or ES256"),
        (GOOD | {KEYS: {}}, "no key for RS256 or ES256"),
    ],
)
def test_an_unusable_issuer_is_named(documents: dict[str, Any], said: str) -> None:
    finding = check(documents)
    assert finding.state is State.BROKEN
    assert said in finding.said
    assert "OidcIssuer" in finding.fix


def test_a_missing_audience_is_named() -> None:
    finding = check(GOOD, OIDC_AUDIENCE="")
    assert (finding.state, finding.said) == (State.BROKEN, "OIDC_AUDIENCE is not set.")
