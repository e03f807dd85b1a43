"""Addresses to which webhooks may be sent, and the time to wait after an answer."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from functions.webhooks.outbound import HttpReceiver, NotAnswered, is_public, retry_after

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:1:1:1:1:80ff:fffe",
    "2001:db8::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_internet_addresses_are_public(address: str) -> None:
    assert is_public(address)


def resolving(*addresses: str) -> HttpReceiver:
    return HttpReceiver(
        "https://example.com/", allow_private=False, resolve=lambda *_: [*addresses]
    )


@pytest.mark.parametrize("addresses", [["169.254.169.254"], ["8.8.8.8", "10.0.0.1"], ["::1"]])
def test_one_address_that_is_not_public_blocks_the_host(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connected(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(NotAnswered, match="its address is not public"):
        resolving(*addresses).post({}, b"{}")


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("too long")])
def test_an_unresolvable_name_is_not_answered(error: Exception) -> None:
    def resolve(*_: object) -> list[str]:
        raise error

    receiver = HttpReceiver("https://example.com/", allow_private=False, resolve=resolve)
    with pytest.raises(NotAnswered, match="resolved"):
        receiver.post({}, b"{}")


NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("99999", 99999),
        ("Sat, 28 Nov 2026 12:02:00 GMT", 120),
        ("Saturday, 28-Nov-26 12:02:00 GMT", 120),
        ("Sat Nov 28 12:02:00 2026", 120),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("Sat, 99 Nov 2026 11:00:00 GMT", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
        ("9" * 40, 0),
        ("9" * 5000, 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_else_nothing(text: str, seconds: int) -> None:
    assert retry_after(text, now=NOW) == timedelta(seconds=seconds)
