"""The webhook client on real sockets, with TLS and with receivers that misbehave."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from standardwebhooks import Webhook

from functions.webhooks import outbound
from functions.webhooks.outbound import HttpReceiver, NotAnswered
from tests.receivers import (
    SECRET,
    Answer,
    Receiver,
    close,
    drip,
    drip_headers,
    endless,
    hang,
    last_answer,
    nonsense,
    receiver,
    status,
)

BODY = "{}"


def headers() -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, BODY),
    }


@pytest.fixture
def plain() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def post(to: Receiver, *, exchange_s: float = 10.0) -> int | None:
    client = HttpReceiver(to.url, allow_private=True, exchange_s=exchange_s)
    return client.post(headers(), BODY.encode()).status


@pytest.mark.parametrize("code", [200, 204, 400, 410, 500, 503])
def test_post_returns_the_status(plain: Receiver, code: int) -> None:
    plain.answer = status(code)
    assert post(plain) == code
    assert plain.paths == ["/hooks?of=clipo"]
    assert plain.hosts == [f"127.0.0.1:{plain.port}"]


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "120"}, 120), ({"Retry-After": "soon"}, 0), ({}, 0)]
)
def test_the_answer_says_when_to_come_again(
    plain: Receiver, header: dict[str, str], seconds: int
) -> None:
    plain.answer = status(503, **header)
    client = HttpReceiver(plain.url, allow_private=True)
    answer = client.post(headers(), BODY.encode())
    assert (answer.status, answer.retry_after) == (503, timedelta(seconds=seconds))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(plain: Receiver, code: int) -> None:
    plain.answer = status(code, Location=f"http://127.0.0.1:{plain.port}/elsewhere")
    assert post(plain) == code
    assert len(plain.got) == 1
    assert plain.followed == 0


@pytest.mark.parametrize("answer", [hang, drip])
def test_a_slow_receiver_is_not_answered(plain: Receiver, answer: Answer) -> None:
    plain.answer = answer
    with pytest.raises(NotAnswered):
        post(plain, exchange_s=0.5)
    assert plain.given_up.wait(10), "the connection was ended"


@pytest.mark.parametrize(("answer", "code"), [(drip_headers, 204), (endless, 200)])
def test_a_status_counts_even_if_the_response_never_ends(
    plain: Receiver, answer: Answer, code: int
) -> None:
    plain.answer = answer
    assert post(plain, exchange_s=2.0) == code
    assert plain.given_up.wait(10)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(close, "the connection was closed"), (nonsense, "the response is not HTTP")],
)
def test_an_invalid_response_is_not_answered(plain: Receiver, answer: Answer, why: str) -> None:
    plain.answer = answer
    with pytest.raises(NotAnswered) as raised:
        post(plain)
    assert str(raised.value) == f"no answer: {why}"


def test_a_refused_connection_is_not_answered() -> None:
    with receiver() as gone:
        pass
    with pytest.raises(NotAnswered, match="no connection: connection refused"):
        post(gone)


def test_proxy_settings_are_ignored(plain: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert post(plain) == 204


# ---- Connections ----


@pytest.fixture
def client(plain: Receiver) -> Iterator[HttpReceiver]:
    plain.http = "HTTP/1.1"
    made = HttpReceiver(plain.url, allow_private=True, exchange_s=5.0)
    yield made
    made.close()


def test_a_connection_is_used_again(plain: Receiver, client: HttpReceiver) -> None:
    for code in (204, 500, 200):
        plain.answer = status(code)
        assert client.post(headers(), BODY.encode()).status == code
    assert len(plain.connections) == 1


def test_a_connection_that_the_receiver_closes_is_not_used_again(
    plain: Receiver, client: HttpReceiver
) -> None:
    plain.answer = last_answer
    for _ in range(2):
        assert client.post(headers(), BODY.encode()).status == 204
    assert len(plain.connections) == 2


def test_an_old_connection_is_not_used_again(
    plain: Receiver, client: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(headers(), BODY.encode())
    monkeypatch.setattr(outbound, "_CONNECTION_S", 0.0)
    client.post(headers(), BODY.encode())
    assert len(plain.connections) == 2


def test_threads_share_a_client(plain: Receiver, client: HttpReceiver) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post(headers(), BODY.encode()), range(40)))
    assert {answer.status for answer in answers} == {204}
    assert len(plain.got) == 40
    assert len(plain.connections) <= 4


# ---- TLS, and names ----

CA = trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def names() -> list[str | None]:
    """The names that clients have asked for in TLS."""
    return []


@pytest.fixture
def secure(names: list[str | None]) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("receiver.test").configure_cert(context)
    context.sni_callback = lambda _, name, __: names.append(name)
    with receiver(context) as made:
        yield made


def named(
    to: Receiver, *answers: str, host: str = "receiver.test", authority: trustme.CA = CA
) -> HttpReceiver:
    """Return a client for which a name has these addresses, one more each time it is asked."""
    left = iter(answers)
    return HttpReceiver(
        f"https://{host}:{to.port}/hooks",
        allow_private=True,
        resolve=lambda *_: [next(left)],
        tls=lambda: trusting(authority),
        exchange_s=5.0,
    )


def test_tls_and_the_host_header_use_the_name(secure: Receiver, names: list[str | None]) -> None:
    assert named(secure, "127.0.0.1").post(headers(), BODY.encode()).status == 204
    assert names == ["receiver.test"]
    assert secure.hosts == [f"receiver.test:{secure.port}"]


def test_a_name_is_resolved_once(secure: Receiver) -> None:
    """A second answer could be another address than the one that was checked."""
    rebinding = named(secure, "127.0.0.1", "127.0.0.2")
    assert rebinding.post(headers(), BODY.encode()).status == 204


@pytest.mark.parametrize(
    ("host", "authority", "why"),
    [
        ("other.test", CA, "TLS: the certificate is for another name$"),
        ("receiver.test", trustme.CA(), "TLS: unable to get local issuer certificate$"),
    ],
)
def test_an_untrusted_certificate_is_refused(
    secure: Receiver, host: str, authority: trustme.CA, why: str
) -> None:
    with pytest.raises(NotAnswered, match=why):
        named(secure, "127.0.0.1", host=host, authority=authority).post(headers(), BODY.encode())
    assert secure.got == []


def test_an_endless_tls_handshake_is_not_answered(plain: Receiver) -> None:
    client = HttpReceiver(f"https://127.0.0.1:{plain.port}/", allow_private=True, exchange_s=0.5)
    with pytest.raises(NotAnswered):
        client.post(headers(), BODY.encode())


def test_the_second_address_is_tried_if_the_first_refuses(secure: Receiver) -> None:
    client = HttpReceiver(
        f"https://receiver.test:{secure.port}/hooks",
        allow_private=True,
        resolve=lambda *_: ["127.0.0.2", "127.0.0.1"],
        tls=lambda: trusting(CA),
    )
    assert client.post(headers(), BODY.encode()).status == 204


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]"])
def test_a_private_address_is_refused_in_any_notation(host: str) -> None:
    receiver = HttpReceiver(f"https://{host}:9/", allow_private=False)
    with pytest.raises(NotAnswered, match="not public"):
        receiver.post({}, b"{}")
