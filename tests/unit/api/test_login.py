"""Tokens of the operator's own login: which are credentials, and whose videos they reach."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from functions.api.login import Logins
from functions.api.settings import ApiSettings
from functions.core.access import Unauthenticated
from functions.core.oidc import OidcLogin, read_login
from tests.credentials import KEYS, bearer, handmade, issue, seconds
from tests.documented import ACCESS_DOCS, recipe
from tests.examples import ID, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.issuers import AUDIENCE, LOGIN, URL, FakeIssuer, public
from tests.problems import problem


class SettableClock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer()


@pytest.fixture
def login() -> OidcLogin:
    return LOGIN


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def logins(login: OidcLogin, issuer: FakeIssuer, clock: SettableClock) -> Logins:
    return Logins(login, clock, issuer.fetch)


def status(client: TestClient, token: str) -> int:
    return client.get("/me", headers=bearer(token)).status_code


def test_a_token_of_the_issuer_is_a_caller_of_its_own(
    client: TestClient, issuer: FakeIssuer
) -> None:
    me = client.get("/me", headers=bearer(issuer.token(scope="openid admin"))).json()
    assert (me["credential"], me["owner"], me["key_id"]) == ("login", "oidc:anna", None)
    assert me["scopes"] == ["upload", "read", "deliver", "write"]
    made = client.post(
        "/videos", json={"filename": "a.mp4", "size": 1}, headers=bearer(issuer.token())
    )
    assert made.json()["owner"] == "oidc:anna"


def test_it_reaches_no_owner_that_a_key_names(
    client: TestClient, issuer: FakeIssuer, records: FakeCatalog
) -> None:
    records.videos[ID] = replace(done_video(), owner="anna")
    for sub in ("anna", "*", "$legacy", "$public"):
        answer = client.get(f"/videos/{ID}", headers=bearer(issuer.token(sub=sub)))
        assert answer.status_code in (401, 404), sub


def test_keys_and_their_tokens_are_good_beside_it(
    client: TestClient, issuer: FakeIssuer, api_keys: FakeApiKeys
) -> None:
    key = issue(api_keys)
    assert [status(client, one) for one in (key.key, key.token(), issuer.token())] == [200] * 3


def test_it_opens_no_session_and_no_tokens(client: TestClient, issuer: FakeIssuer) -> None:
    headers = bearer(issuer.token()) | {"Origin": "https://testserver"}
    assert client.post("https://testserver/session", headers=headers).status_code == 401
    body = {"owner": "oidc:anna", "scopes": ["read"], "expires_in_s": 60}
    assert client.post("/tokens", json=body, headers=headers).status_code == 403
    address = f"/videos/{ID}/thumbnail?token={issuer.token()}"
    assert client.get(address).status_code == 401


def _as_hs256(issuer: FakeIssuer, secret: bytes | str) -> str:
    text = secret.decode() if isinstance(secret, bytes) else secret
    return handmade({"alg": "HS256", "kid": issuer.kid, "typ": "JWT"}, issuer.claims(), text)


def _public_pem(issuer: FakeIssuer) -> bytes:
    key = issuer.private[issuer.kid].public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _of_another_key(issuer: FakeIssuer) -> str:
    mine = ec.generate_private_key(ec.SECP256R1())
    header = {"kid": issuer.kid, "jwk": public(mine, issuer.kid), "jku": "https://evil.example/k"}
    return jwt.encode(issuer.claims(), mine, algorithm="ES256", headers=header)


def _with_changed_claims(issuer: FakeIssuer) -> str:
    head, _, signature = issuer.token().split(".")
    other = issuer.token(sub="bob").split(".")[1]
    return f"{head}.{other}.{signature}"


def _unsigned(issuer: FakeIssuer) -> str:
    return jwt.encode(issuer.claims(), "", algorithm="none", headers={"kid": issuer.kid})


def _es384(issuer: FakeIssuer) -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    issuer.odd_keys = [public(key, "k9") | {"alg": "ES384"}]
    return jwt.encode(issuer.claims(), key, algorithm="ES384", headers={"kid": "k9"})


def _weak_rsa(issuer: FakeIssuer) -> str:
    issuer.rotate_to_rsa("weak", 1024)
    with pytest.warns(match="below"):
        return issuer.token()


def _listed(**changes: object) -> Callable[[FakeIssuer], str]:
    """Return a maker of a token whose key the issuer lists with other members."""

    def make(issuer: FakeIssuer) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer.odd_keys = [public(key, "odd") | changes]
        return jwt.encode(issuer.claims(), key, algorithm="ES256", headers={"kid": "odd"})

    return make


LIES: dict[str, Callable[[FakeIssuer], str]] = {
    "another issuer": lambda one: one.token(iss="https://evil.example/"),
    "its issuer without the slash": lambda one: one.token(iss=URL.rstrip("/")),
    "issuers": lambda _: handmade({"alg": "ES256", "kid": "k1"}, {"iss": [URL]}, "x"),
    "no issuer": lambda one: one.token(iss=None),
    "another audience": lambda one: one.token(aud="https://other.example.com"),
    "other audiences": lambda one: one.token(aud=["a", "b", 3, None]),
    "part of the audience": lambda one: one.token(aud=AUDIENCE[:-1]),
    "an object as the audience": lambda one: one.token(aud={AUDIENCE: 1}),
    "no audience": lambda one: one.token(aud=None),
    "expired": lambda one: one.token(exp=seconds(-90)),
    "no end": lambda one: one.token(exp=None),
    "an end as text": lambda one: one.token(exp=str(seconds(300))),
    "an end in parts of seconds": lambda one: one.token(exp=seconds(300) + 0.5),
    "not yet valid": lambda one: one.token(nbf=seconds(90)),
    "from the future": lambda one: one.token(iat=seconds(90)),
    "no owner": lambda one: one.token(sub=None),
    "an empty owner": lambda one: one.token(sub=""),
    "an owner that is none": lambda one: one.token(sub="anna smith"),
    "a long owner": lambda one: one.token(sub="a" * 124),
    "signed by another key": _of_another_key,
    "other claims": _with_changed_claims,
    "unknown kid": lambda one: one.token(headers={"kid": "k2"}),
    "kid of a path": lambda one: one.token(headers={"kid": "../../etc/passwd"}),
    "kid of an object": lambda one: handmade({"alg": "ES256", "kid": {}}, one.claims(), "x"),
    "an endless kid": lambda one: one.token(headers={"kid": "k" * 300}),
    "no kid": lambda one: handmade({"alg": "ES256"}, one.claims(), "x"),
    "none": _unsigned,
    "HS256 with the public key": lambda one: _as_hs256(one, _public_pem(one)),
    "HS256 with the JWK": lambda one: _as_hs256(one, json.dumps(one.jwks["keys"][0])),
    "HS256 with nothing": lambda one: _as_hs256(one, ""),
    "RS256 with a curve": lambda one: handmade({"alg": "RS256", "kid": "k1"}, one.claims(), "x"),
    "ES256 of nothing": lambda one: handmade({"alg": "ES256", "kid": "k1"}, one.claims(), ""),
    "ES384": _es384,
    "a weak key": _weak_rsa,
    "crit": lambda one: one.token(headers={"crit": ["b64"], "b64": True}),
    "a token for its log-out": lambda one: one.token(headers={"typ": "logout+jwt"}),
    "huge": lambda one: one.token(more="x" * 8192),
    "a key for encryption": _listed(use="enc"),
    "a key that signs": _listed(key_ops=["sign"]),
    "a key of another algorithm": _listed(alg="ES384"),
    "a key of another curve": _listed(crv="P-384"),
    "a key of another kind": _listed(kty="oct", k="AAAA"),
    "a published private key": _listed(d="AAAA"),
    "a key with an odd kind": _listed(kty=["EC"]),
    "a key with odd numbers": _listed(x="AAAA"),
    "a key without a name": _listed(kid=None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_like_every_invalid_credential(
    client: TestClient, issuer: FakeIssuer, lie: str
) -> None:
    token = LIES[lie](issuer)
    answer = client.get("/me", headers=bearer(token))
    assert problem(answer)["code"] == "unauthenticated", answer.text
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_odd_keys_do_not_hide_the_good_ones(client: TestClient, issuer: FakeIssuer) -> None:
    good = issuer.jwks["keys"][0]
    issuer.odd_keys = [7, None, [], {}, {"kid": "k1", "kty": "oct", "k": "AA"}, good | {"kid": 3}]
    assert status(client, issuer.token()) == 200


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/at+jwt", None])
def test_the_types_of_credentials(client: TestClient, issuer: FakeIssuer, typ: str | None) -> None:
    assert status(client, issuer.token(headers={"typ": typ})) == 200


def test_rsa_and_several_audiences(client: TestClient, issuer: FakeIssuer) -> None:
    issuer.rotate_to_rsa("r1")
    assert status(client, issuer.token(aud=["https://other.example.com", AUDIENCE])) == 200


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"nonsense",
        b"[]",
        b"[" * 100_000,
        b'{"issuer": "https://evil.example/", "jwks_uri": "https://login.example.com/jwks.json"}',
        *(
            json.dumps({"issuer": URL, "jwks_uri": uri}).encode()
            for uri in (
                None,
                "http://login.example.com/jwks.json",
                "https://169.254.169.254/latest",
                "https://[::1]/jwks.json",
                "https://localhost/jwks.json",
                "https://keys.example.com:8443/jwks.json",
                "https://login.example.com@10.0.0.1/jwks.json",
                "https://0x7f000001/jwks.json",
                "file:///etc/passwd",
            )
        ),
    ],
)
def test_an_issuer_whose_documents_lie_opens_nothing(
    client: TestClient, issuer: FakeIssuer, document: bytes
) -> None:
    address = f"{URL}.well-known/openid-configuration"
    issuer.documents[address] = document or b" "
    answer = client.get("/me", headers=bearer(issuer.token()))
    assert problem(answer)["code"] == "issuer_unavailable"
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert issuer.asked == [address], "it asks no other address"


@pytest.mark.parametrize("document", [b"[]", b'{"keys": {}}', b"nonsense"])
def test_keys_that_cannot_be_read_open_nothing(
    client: TestClient, issuer: FakeIssuer, document: bytes
) -> None:
    issuer.documents[issuer.jwks_uri] = document
    assert status(client, issuer.token()) == 503


def test_the_keys_may_be_on_another_public_host(client: TestClient, issuer: FakeIssuer) -> None:
    issuer.jwks_uri = "https://www.example.org/keys"
    assert status(client, issuer.token()) == 200


def test_the_keys_are_read_once_an_hour(
    client: TestClient, issuer: FakeIssuer, clock: SettableClock
) -> None:
    for ahead in (0, 59):
        clock.ahead = timedelta(minutes=ahead)
        assert status(client, issuer.token(exp=seconds(7200))) == 200
    assert len(issuer.asked) == 2
    clock.ahead = timedelta(minutes=61)
    assert status(client, issuer.token(exp=seconds(7200))) == 200
    assert len(issuer.asked) == 4


def test_a_new_key_is_found_and_an_old_one_forgotten(
    client: TestClient, issuer: FakeIssuer, clock: SettableClock
) -> None:
    old = issuer.token()
    assert status(client, old) == 200
    issuer.rotate("k2")
    clock.ahead = timedelta(seconds=31)
    assert [status(client, one) for one in (issuer.token(), old)] == [200, 401]


def test_a_flood_of_invented_kids_asks_the_issuer_once(
    client: TestClient, issuer: FakeIssuer
) -> None:
    assert status(client, issuer.token()) == 200
    issuer.asked.clear()
    for number in range(20):
        assert status(client, issuer.token(headers={"kid": f"k{number + 5}"})) == 401
    assert issuer.asked == [], "it has just been asked"
    assert status(client, issuer.token()) == 200


def test_another_issuers_tokens_ask_nothing(client: TestClient, issuer: FakeIssuer) -> None:
    assert status(client, issuer.token(iss="https://evil.example/")) == 401
    assert issuer.asked == []


def test_while_the_issuer_is_down_its_keys_are_good_for_a_day(
    client: TestClient, issuer: FakeIssuer, clock: SettableClock
) -> None:
    token = issuer.token(exp=seconds(200_000))
    assert status(client, token) == 200
    issuer.is_down = True
    clock.ahead = timedelta(hours=23)
    assert status(client, token) == 200
    assert status(client, issuer.token(headers={"kid": "new"})) == 503, "it may be a new key"
    clock.ahead = timedelta(hours=24)
    assert status(client, token) == 503
    issuer.is_down = False
    clock.ahead += timedelta(seconds=6)
    assert status(client, token) == 200


def test_an_issuer_that_is_down_is_not_asked_at_each_request(
    client: TestClient, issuer: FakeIssuer
) -> None:
    issuer.is_down = True
    assert [status(client, issuer.token()) for _ in range(10)] == [503] * 10
    assert len(issuer.asked) == 1


def test_a_slow_issuer_holds_up_one_request_alone(
    client: TestClient, issuer: FakeIssuer, clock: SettableClock
) -> None:
    token = issuer.token(exp=seconds(20_000))
    assert status(client, token) == 200
    issuer.is_down = True
    clock.ahead = timedelta(hours=2)
    others: list[int] = []

    def ask_meanwhile() -> None:
        clock.ahead += timedelta(seconds=8)
        others.append(pool.submit(status, client, token).result(timeout=10))

    issuer.meanwhile = ask_meanwhile
    issuer.asked.clear()
    with ThreadPoolExecutor(1) as pool:
        assert [status(client, token) for _ in range(3)] == [200] * 3
    assert others == [200]
    assert len(issuer.asked) == 1, "the pause begins after the answer"


@pytest.mark.parametrize(
    ("login", "claims", "owner"),
    [
        (replace(LOGIN, audience_claim="azp"), {"azp": AUDIENCE, "aud": None}, "oidc:anna"),
        (replace(LOGIN, audience_claim="client_id"), {"client_id": AUDIENCE}, "oidc:anna"),
        (replace(LOGIN, owner_claim="uid"), {"uid": "7", "sub": None}, "oidc:7"),
        (replace(LOGIN, owner_prefix=""), {"sub": "auth0|7"}, "auth0|7"),
    ],
)
def test_the_claims_that_the_settings_name(
    client: TestClient, issuer: FakeIssuer, claims: dict[str, Any], owner: str
) -> None:
    answer = client.get("/me", headers=bearer(issuer.token(**claims)))
    assert answer.json()["owner"] == owner


@pytest.mark.parametrize("login", [replace(LOGIN, jwks_uri="https://10.0.0.1/keys")])
def test_an_address_of_the_keys_in_the_settings_needs_no_discovery(
    client: TestClient, issuer: FakeIssuer
) -> None:
    issuer.jwks_uri = "https://10.0.0.1/keys"
    assert status(client, issuer.token()) == 200
    assert issuer.asked == ["https://10.0.0.1/keys"]


RECIPES: dict[str, dict[str, Any]] = {
    "Auth0": {
        "aud": ["https://video.example.com", "https://example.eu.auth0.com/userinfo"],
        "sub": "auth0|6553da60a54af58e29493993",
        "azp": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
        "scope": "openid profile",
    },
    "Clerk": {
        "aud": None,
        "azp": "https://app.example.com",
        "nbf": seconds(-15),
        "sid": "sess_2dzQ",
        "sub": "user_2dzPfJ6kG",
        "v": 2,
    },
    "Cognito": {
        "aud": None,
        "client_id": "1example23456789",
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "token_use": "access",
        "cognito:groups": ["users"],
        "scope": "openid",
    },
    "Supabase": {
        "aud": "authenticated",
        "sub": "123e4567-e89b-12d3-a456-426614174000",
        "role": "authenticated",
        "aal": "aal1",
        "session_id": "6b29fc40-ca47-1067-b31d-00dd010662da",
        "email": "anna@example.com",
        "phone": "",
        "is_anonymous": False,
    },
}
"""The claims of each service's tokens, as its documents show them."""


def _recipe_settings(name: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in recipe(name, ACCESS_DOCS)["sh"].splitlines())


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipe_of_a_service_accepts_its_tokens(name: str) -> None:
    login = ApiSettings.read(KEYS | _recipe_settings(name)).login
    assert login
    issuer = FakeIssuer(login.issuer)
    issuer.jwks_uri = login.jwks_uri or issuer.jwks_uri
    if name != "Supabase":
        issuer.rotate_to_rsa("r1")
    logins = Logins(login, lambda: datetime.now(UTC), issuer.fetch)

    def owner_of(**changes: object) -> str:
        token = read_login(issuer.token(**RECIPES[name] | changes))
        assert token
        return asyncio.run(logins.caller_with(token)).owner

    assert owner_of() == f"oidc:{RECIPES[name]['sub']}"
    with pytest.raises(Unauthenticated, match="another audience"):
        owner_of(**{login.audience_claim: "of another application"})
