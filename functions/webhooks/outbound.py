"""Posts to the operator's receiver, and never to a private address.

The client resolves the host name once, checks all its addresses, and connects to a checked one. So
a second DNS answer cannot redirect it. TLS and the Host header still use the name. The client
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
"""Seconds from the connection to the response. A receiver should respond first and work later."""
_ANSWER_BYTES = 4096

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NEVER_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Reserved networks that older versions of Python count as global.

https://www.iana.org/assignments/iana-ipv4-special-registry/
"""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""The IPv6 network of NAT64 gateways, with an IPv4 address in the last four bytes."""


class NotAnswered(Exception):
    """The receiver gave no response. The message is for the log and does not name the receiver."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's response."""

    status: int | None
    """The HTTP status, which may be a redirect's; `None` if there was no response."""
    retry_after: timedelta = timedelta()
    """The shortest wait before the next attempt that the receiver asks for."""


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class HttpReceiver:
    """Posts webhooks to one URL."""

    url: str = field(repr=False)
    allow_private: bool
    resolve: Callable[[str, int], list[str]] = _resolve
    """A function that returns the numeric addresses of a host. Raises `OSError`."""
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    exchange_s: float = _EXCHANGE_S

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the response, a redirect as it is. Raises `NotAnswered`."""
        parts = urlsplit(self.url)
        tls = self.tls() if parts.scheme == "https" else None
        connection = _create_connection(parts, tls)
        addresses = self._resolve_checked(connection.host, connection.port)
        with (
            closing(connection),
            _connect(addresses, connection.port) as plain,
            _end_after(plain, self.exchange_s),
        ):
            try:
                connection.sock = (
                    tls.wrap_socket(plain, server_hostname=connection.host) if tls else plain
                )
                connection.request("POST", _target(parts), body=body, headers=dict(headers))
                return _read_answer(connection)
            except (OSError, HTTPException) as error:
                # A connection that `_end_after` closed looks like one that the receiver closed.
                raise NotAnswered(f"no answer: {type(error).__name__}") from error

    def _resolve_checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotAnswered("its name cannot be resolved") from error
        if not self.allow_private and not all(is_public(address) for address in addresses):
            raise NotAnswered("its address is not public")
        return addresses


def is_public(address: str) -> bool:
    """Tell whether a numeric address, and any IPv4 address embedded in it, is public.

    Private, loopback, link-local (cloud metadata), multicast and reserved addresses are not.
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


def _create_connection(parts: SplitResult, tls: ssl.SSLContext | None) -> HTTPConnection:
    # Without a port, `http.client` would look for one after a colon of an IPv6 address.
    if tls:
        return HTTPSConnection(parts.hostname or "", parts.port or 443, context=tls)
    return HTTPConnection(parts.hostname or "", parts.port or 80)


@contextmanager
def _connect(addresses: list[str], port: int) -> Iterator[socket.socket]:
    # This machine may reach only some of a host's addresses.
    reason = OSError("no address")
    for address in addresses[:_CONNECT_TRIES]:
        try:
            connected = socket.create_connection((address, port), timeout=_CONNECT_S)
        except OSError as error:
            reason = error
            continue
        with connected:
            yield connected
        return
    raise NotAnswered(f"no connection: {type(reason).__name__}") from reason


@contextmanager
def _end_after(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Close the connection after some seconds: a socket's own timeout restarts with every byte."""
    connected.settimeout(seconds)
    # TLS takes the socket over, but its duplicate can still shut the connection down.
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


def _read_answer(connection: HTTPConnection) -> Answer:
    response = connection.getresponse()
    with closing(response), suppress(OSError, HTTPException):
        # The body does not matter. Reading it lets the receiver finish.
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
