"""How the documents of an OpenID Connect issuer are read over HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from functions.adapters.issuer import HttpsDocuments, Issuer
from functions.core.access import Denial, Unauthenticated
from functions.core.clock import utc_now
from functions.core.oidc import OidcLogin, read_login
from functions.core.unavailable import IssuerUnavailable
from tests.issuer_server import IssuerServer, issuer_on_https
from tests.issuers import AUDIENCE, LOGIN


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return a certificate authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[IssuerServer]:
    with issuer_on_https(authority) as server:
        yield server


def verify(server: IssuerServer, token: str) -> None:
    login = OidcLogin(server.url, frozenset({AUDIENCE}), LOGIN.scopes)
    read = read_login(token)
    assert read
    Issuer(login, utc_now).verify(read)


def test_discovery_and_keys_over_https(server: IssuerServer) -> None:
    verify(server, server.issuer.token())
    assert server.paths == ["/.well-known/openid-configuration", "/jwks.json"]
    with pytest.raises(Unauthenticated) as caught:
        verify(server, server.issuer.token(headers={"kid": "other"}))
    assert caught.value.denial is Denial.UNKNOWN_KID


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/redirect", "answers 302"),
        ("/error", "answers 500"),
        ("/endless", "more than 262,144 bytes"),
    ],
)
def test_odd_answers(server: IssuerServer, path: str, reason: str) -> None:
    with pytest.raises(IssuerUnavailable, match=reason):
        HttpsDocuments().get(server.url + path)
    assert server.paths == [path]


@pytest.mark.long
def test_an_issuer_that_says_nothing_is_not_waited_for(server: IssuerServer) -> None:
    with pytest.raises(IssuerUnavailable, match="ReadTimeoutError"):
        HttpsDocuments().get(f"{server.url}/silent")


def test_a_certificate_of_an_unknown_authority(authority: trustme.CA) -> None:
    del authority
    with (
        issuer_on_https(trustme.CA()) as server,
        pytest.raises(IssuerUnavailable, match="does not answer: SSLError"),
    ):
        HttpsDocuments().get(f"{server.url}/jwks.json")
    assert server.paths == []


def test_an_issuer_that_is_gone(server: IssuerServer) -> None:
    server.server_close()
    with pytest.raises(IssuerUnavailable, match="does not answer"):
        HttpsDocuments().get(f"{server.url}/jwks.json")
