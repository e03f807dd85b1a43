"""Proxies and certificates of the user's shell."""

import httpx2
import pytest

from clipo.client.http_client import http_client
from clipo.errors import ClipoError

BROKEN = [
    ("ALL_PROXY", "socks5://127.0.0.1:1"),
    ("HTTPS_PROXY", "socks4://127.0.0.1:1"),
    ("http_proxy", "ftp://proxy"),
    ("HTTP_PROXY", "http://proxy:port"),
    ("SSL_CERT_FILE", "/none.pem"),
]
LOCAL = ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://127.0.0.2"]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "value"), BROKEN)
@pytest.mark.parametrize("address", LOCAL)
def test_they_do_not_matter_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, address: str
) -> None:
    monkeypatch.setenv(name, value)
    assert http_client(address).trust_env is False


@pytest.mark.parametrize(
    ("host", "direct"),
    [
        ("127.0.0.2:8000", True),
        ("127.1", True),
        ("0:8000", True),
        ("[::1]:8000", True),
        ("Clipo.localhost:8000", True),
        ("localhost.example.com", False),
        ("10.0.0.1:8000", False),
    ],
)
def test_a_proxy_gets_no_key_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, *, direct: bool
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    client = http_client(f"http://{host}")
    used = client._transport_for_url(httpx2.URL(f"http://{host}/videos"))
    assert (used is client._transport) is direct
    storage = httpx2.URL("http://storage.example.com/")
    assert client._transport_for_url(storage) is not client._transport


@pytest.mark.parametrize(("name", "value"), BROKEN)
def test_for_another_machine_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ClipoError, match=rf"^{name} .* Correct or unset it\.$"):
        http_client("https://clipo.example.com")


def test_only_the_broken_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy")
    with pytest.raises(ClipoError, match=r"^ALL_PROXY must"):
        http_client("https://clipo.example.com")


def test_a_password_of_a_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@proxy")
    with pytest.raises(ClipoError) as raised:
        http_client("https://clipo.example.com")
    assert "hunter2" not in str(raised.value)
