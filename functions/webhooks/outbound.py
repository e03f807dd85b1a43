"""Posts to the operator's receiver, and only to public addresses unless a setting says otherwise.

Clipo resolves the name once, checks all addresses, and connects to a checked address itself, so
that a second answer of the DNS cannot lead elsewhere. TLS and the Host header keep the name. Clipo
ignores proxy settings and follows no redirect.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from urllib.parse import SplitResult, urlsplit

_CONNECT_S = 3
_CONNECT_TRIES = 2
_EXCHANGE_S = 10.0
"""From the connection to the answer, all in all: a receiver takes note now and works later."""
_ANSWER_BYTES = 4096

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NEVER_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""What older Pythons take for global: https://www.iana.org/assignments/iana-ipv4-special-registry/"""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as a NAT64 gateway takes them, in the last four bytes."""


class NotAnswered(Exception):
    """There was no answer. The message says why, for the log, and does not name the receiver."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answered."""

    status: int | None
    """The status of HTTP, a redirect's as it is; `None` if there was no answer."""
    retry_after: timedelta = timedelta()
    """How long the receiver asks to wait before the next attempt."""


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class HttpReceiver:
    """One URL."""

    url: str = field(repr=False)
    allow_private: bool
    resolve: Callable[[str, int], list[str]] = _resolved
    """Returns the numeric addresses of a host. Raises `OSError`."""
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    exchange_s: float = _EXCHANGE_S

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer. Raises `NotAnswered`."""
        parts = urlsplit(self.url)
        tls = self.tls() if parts.scheme == "https" else None
        connection = _unconnected(parts, tls)
        addresses = self._checked(connection.host, connection.port)
        with (
            closing(connection),
            _connected(addresses, connection.port) as plain,
            _ended_after(plain, self.exchange_s),
        ):
            try:
                connection.sock = _secured(plain, connection.host, tls)
                connection.request("POST", _target(parts), body=body, headers=dict(headers))
                return _answer(connection)
            except (OSError, HTTPException) as error:
                # An end that we made ourselves looks like one of the receiver's.
                raise NotAnswered(f"no answer: {type(error).__name__}") from error

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotAnswered("its name cannot be resolved") from error
        if not self.allow_private and not all(is_public(address) for address in addresses):
            raise NotAnswered("its address is not public")
        return addresses


def is_public(address: str) -> bool:
    """Tell whether a numeric address is one of the Internet, for one that it may stand for, too.

    Not so are private, loopback, link-local (with the cloud's metadata), multicast and reserved
    ones.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if (embedded := _embedded(found)) is not None:
            return is_public(str(embedded))
        if found not in _GLOBAL_UNICAST:
            return False
    if any(found in network for network in _NEVER_PUBLIC if network.version == found.version):
        return False
    return found.is_global and not found.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])


def _unconnected(parts: SplitResult, tls: ssl.SSLContext | None) -> HTTPConnection:
    # The port is given, so that the colons of an IPv6 address are not looked at for one.
    if tls:
        return HTTPSConnection(parts.hostname or "", parts.port or 443, context=tls)
    return HTTPConnection(parts.hostname or "", parts.port or 80)


def _secured(plain: socket.socket, host: str, tls: ssl.SSLContext | None) -> socket.socket:
    return tls.wrap_socket(plain, server_hostname=host) if tls else plain


@contextmanager
def _connected(addresses: list[str], port: int) -> Iterator[socket.socket]:
    # A host has several addresses, of which this machine may reach some only.
    reason = OSError("no address")
    for address in addresses[:_CONNECT_TRIES]:
        try:
            made = socket.create_connection((address, port), timeout=_CONNECT_S)
        except OSError as error:
            reason = error
            continue
        with made:
            yield made
        return
    raise NotAnswered(f"no connection: {type(reason).__name__}") from reason


@contextmanager
def _ended_after(connected: socket.socket, seconds: float) -> Iterator[None]:
    """End the connection then: a timeout of the socket starts anew with every byte."""
    connected.settimeout(seconds)
    # TLS takes the socket over; its duplicate ends the same connection.
    with connected.dup() as switch:
        timer = Timer(seconds, _end, (switch,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _end(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _answer(connection: HTTPConnection) -> Answer:
    response = connection.getresponse()
    with closing(response), suppress(OSError, HTTPException):
        # The body means nothing, but a receiver may want to get rid of it.
        response.read(_ANSWER_BYTES)
    asked = response.headers.get("Retry-After", "")
    return Answer(response.status, retry_after(asked, now=datetime.now(UTC)))


def retry_after(text: str, *, now: datetime) -> timedelta:
    """Return the time that a header `Retry-After` asks for: seconds, or until a date.

    It is zero for a past date and for any other text.
    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    try:
        if text.isascii() and text.isdigit():
            return timedelta(seconds=int(text))
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta()
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(until - now, timedelta())
