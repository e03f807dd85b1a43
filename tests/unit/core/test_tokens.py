import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.core.access import Claims, Denial, Scope, Unauthenticated
from functions.core.quotas import NO_LIMITS, TokenLimits
from functions.core.tokens import (
    LONGEST_ADMIN,
    UnverifiedToken,
    claims_of,
    read_claims,
    read_token,
    sign,
)
from tests.examples import ID

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
S = int(NOW.timestamp())
KID, SECRET = "abcdefghijkl", "s" * 43
HEADER = {"alg": "HS256", "kid": KID}
CLAIMS = {"sub": "anna", "scope": "read upload", "exp": S + 60}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def handmade(header: object = HEADER, claims: object = CLAIMS, hash_name: str = "sha256") -> str:
    """Return a token as a library makes it; texts are taken as the JSON itself."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(encoded(part.encode()) for part in parts)
    mac = hmac.new(SECRET.encode(), signed.encode(), getattr(hashlib, hash_name))
    return f"{signed}.{encoded(mac.digest())}"


def read(**changes: Any) -> Claims:
    changed = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return read_claims(read_token(handmade(claims=changed)), now=NOW)


def denial(text: str) -> Denial:
    with pytest.raises(Unauthenticated) as refused:
        read_claims(read_token(text), now=NOW)
    return refused.value.denial


def test_a_token_of_any_library_is_verified() -> None:
    token = read_token(handmade())
    assert token.kid == KID
    assert token.is_signed_with(SECRET)
    assert read_claims(token, now=NOW) == Claims(
        owner="anna",
        scopes=frozenset({Scope.READ, Scope.UPLOAD}),
        expires_at=NOW + timedelta(seconds=60),
    )


def test_the_example_of_the_standard_has_this_signature() -> None:
    """https://www.rfc-editor.org/rfc/rfc7515#appendix-A.1, whose key is not a text."""
    signed = handmade().rpartition(".")[0]
    token = UnverifiedToken(KID, signed, handmade().rpartition(".")[2])
    assert token.is_signed_with(SECRET)
    assert not token.is_signed_with(f"{SECRET}s")
    assert not UnverifiedToken(KID, signed, token.signature[:-1]).is_signed_with(SECRET)
    assert not UnverifiedToken(KID, f"{signed}A", token.signature).is_signed_with(SECRET)


def test_what_is_signed_can_be_read_again() -> None:
    claims = Claims(
        owner="anna",
        scopes=frozenset({Scope.DELIVER}),
        expires_at=NOW + timedelta(hours=1),
        video_id=ID,
    )
    token = read_token(sign(claims_of(claims), kid=KID, secret=SECRET))
    assert token.is_signed_with(SECRET)
    assert read_claims(token, now=NOW) == claims


@pytest.mark.parametrize(
    "header",
    [
        {"kid": KID},
        {"alg": "none", "kid": KID},
        {"alg": "hs256", "kid": KID},
        {"alg": "HS512", "kid": KID},
        {"alg": "RS256", "kid": KID},
        {"alg": ["HS256"], "kid": KID},
        {"alg": "HS256"},
        {"alg": "HS256", "kid": 5},
        {"alg": "HS256", "kid": "Root"},
        {"alg": "HS256", "kid": "../../dev/null"},
        HEADER | {"crit": ["exp"]},
        HEADER | {"crit": []},
        f'{{"alg":"none","alg":"HS256","kid":"{KID}"}}',
        f'{{"alg":"HS256","kid":"{KID}","x":NaN}}',
        "[]",
        "5",
        "{",
        "[" * 2000,
    ],
)
def test_a_header_that_is_not_exactly_ours_is_refused(header: object) -> None:
    assert denial(handmade(header)) is Denial.MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        "Bearer x",
        handmade().rpartition(".")[0] + ".",
        handmade() + ".x",
        handmade() + "=",
        handmade() + "\n",
        handmade().replace(".", "..", 1),
        f"{encoded(b'{}' * 2000)}.e30.AA",
        f"{encoded(bytes([0xFF]))}.e30.AA",
    ],
)
def test_another_text_is_refused(text: str) -> None:
    assert denial(text) is Denial.MALFORMED


def test_a_token_has_at_most_4_kb() -> None:
    assert len(handmade(claims=CLAIMS | {"x": "y" * 2800})) < 4096
    read(x="y" * 2800)
    with pytest.raises(Unauthenticated, match="characters, and a token has at most 4,096") as long:
        read(x="y" * 3000)
    assert long.value.denial is Denial.MALFORMED


def test_the_error_of_a_short_text_does_not_blame_its_length() -> None:
    with pytest.raises(Unauthenticated) as other:
        read_token("my-password")
    assert str(other.value) == (
        "The credential cannot be read. It is neither an API key nor a token. Copy it again, and"
        " all of it."
    )


def test_claims_with_one_name_twice_are_refused() -> None:
    text = json.dumps(CLAIMS)[:-1] + ', "sub": "bob"}'
    assert denial(handmade(claims=text)) is Denial.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"exp": S + 0.5},
        {"exp": str(S)},
        {"exp": True},
        {"nbf": S - 0.5},
        {"iat": "now"},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"scope": None},
        {"scope": ["read"]},
        {"vid": "5"},
        {"vid": 5},
        {"max_bytes": "5"},
        {"max_duration_s": 0},
        {"max_duration_s": -60},
        {"max_duration_s": 1.5},
        {"max_duration_s": True},
        {"max_videos": 0},
        {"max_videos": 10**20},
    ],
)
def test_claims_of_another_kind_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        read(**changes)
    assert refused.value.denial is Denial.CLAIMS
    assert next(iter(changes)) in str(refused.value), "it names the claim"


@pytest.mark.parametrize(
    "name",
    ["sub", "scope", "exp", "nbf", "iat", "vid", "max_bytes", "max_duration_s", "max_videos"],
)
def test_a_claim_that_is_null_is_refused(name: str) -> None:
    """A server whose variable is empty must not sign a token for all videos."""
    with pytest.raises(Unauthenticated) as refused:
        read_claims(read_token(handmade(claims=CLAIMS | {name: None})), now=NOW)
    assert refused.value.denial is Denial.CLAIMS
    assert name in str(refused.value), "it names the claim"


def test_limits_pass_through_a_token() -> None:
    assert read().limits == NO_LIMITS
    claims = read(max_bytes=5, max_duration_s=60, max_videos=7)
    assert claims.limits == TokenLimits(5, 60, 7)
    assert read(**claims_of(claims)) == claims


@pytest.mark.parametrize(
    ("changes", "denied"),
    [
        ({"exp": S - 59}, None),
        ({"exp": S - 60}, Denial.EXPIRED),
        ({"exp": 0}, Denial.EXPIRED),
        ({"exp": S + 24 * 3600 + 60}, None),
        ({"exp": S + 24 * 3600 + 61}, Denial.TOO_LONG_VALID),
        ({"exp": 10**1000}, Denial.TOO_LONG_VALID),
        ({"nbf": S + 60}, None),
        ({"nbf": S + 61}, Denial.NOT_YET_VALID),
    ],
)
def test_times_have_a_minute_of_leeway(changes: dict[str, Any], denied: Denial | None) -> None:
    if denied is None:
        read(**changes)
        return
    with pytest.raises(Unauthenticated) as refused:
        read(**changes)
    assert refused.value.denial is denied


def test_an_admin_token_is_valid_for_a_minute() -> None:
    token = read_token(handmade({"alg": "HS256", "kid": "root"}, CLAIMS | {"exp": S + 121}))
    assert token.kid == "root"
    with pytest.raises(Unauthenticated):
        read_claims(token, now=NOW, longest=LONGEST_ADMIN)


def test_scopes_of_a_later_release_are_ignored() -> None:
    assert read(scope="read  future admin").scopes == {Scope.READ, Scope.ADMIN}


def test_a_token_may_name_one_video() -> None:
    assert read(vid=ID.upper()).video_id == ID
