"""Posts to a receiver, and never to a private address.

For each connection the client resolves the host name once, checks all its addresses, and connects
to a checked one. So a second DNS answer cannot redirect it. TLS and the Host header still use the
name. The client ignores proxy settings and follows no redirect. It keeps connections for the next
requests, for as long as their address may be taken for current.
"""

import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from math import inf
from threading import Condition, Thread
from time import monotonic
from urllib.parse import SplitResult, urlsplit

_CONNECT_S = 3
_CONNECT_TRIES = 2
_EXCHANGE_S = 10.0
"""Seconds from the connection to the response. A receiver should respond first and work later."""
_ANSWER_BYTES = 4096

_IDLE_S = 3.0
"""Seconds for which an unused connection is kept: less than the 5 after which Node.js closes it."""

_CONNECTION_S = 60.0
"""Seconds after which a connection is not used again, because DNS may have another address."""

_OTHER_NAME = {62, 64}
"""OpenSSL's codes for a certificate whose host or IP address does not match: its text names it."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NEVER_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Reserved networks that older versions of Python count as global.

https://www.iana.org/assignments/iana-ipv4-special-registry/
"""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""The IPv6 network of NAT64 gateways, with an IPv4 address in the last four bytes."""


class NotAnswered(Exception):
    """The receiver gave no response. The message is for the log and does not name the receiver."""


class _Dropped(NotAnswered):
    """The receiver has closed the connection without a response, as for one that was kept."""


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


@cache
def _tls() -> ssl.SSLContext:
    """Return the context of all receivers: reading the certificates takes 20 ms."""
    return ssl.create_default_context()


@dataclass(slots=True)
class _Connection:
    """A connection to an address that has been checked."""

    http: HTTPConnection
    socket: socket.socket
    """A duplicate of its socket. It can end the connection when TLS has taken the first over."""
    tls: ssl.SSLContext | None
    """The context of a TLS handshake that is still to be made."""
    opened_at: float
    used_at: float

    def request(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a request, after the handshake if it is the first one."""
        if self.tls and self.http.sock:
            self.http.sock = self.tls.wrap_socket(self.http.sock, server_hostname=self.http.host)
            self.tls = None
        self.http.request("POST", path, body=body, headers=dict(headers))

    def is_usable(self) -> bool:
        """Tell whether it is young, and the receiver has not closed it."""
        now = monotonic()
        if now - self.used_at > _IDLE_S or now - self.opened_at > _CONNECTION_S:
            return False
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        # The receiver has closed the connection, or sent bytes without a request.
        return False

    def close(self) -> None:
        """Close both sockets."""
        self.http.close()
        self.socket.close()


@dataclass(frozen=True, slots=True)
class HttpReceiver:
    """Posts webhooks to one URL. Threads may share it."""

    url: str = field(repr=False)
    allow_private: bool
    resolve: Callable[[str, int], list[str]] = _resolve
    """A function that returns the numeric addresses of a host. Raises `OSError`."""
    tls: Callable[[], ssl.SSLContext] = _tls
    exchange_s: float = _EXCHANGE_S
    _idle: deque[_Connection] = field(default_factory=deque, init=False, repr=False)

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the response, a redirect as it is. Raises `NotAnswered`."""
        if kept := self._kept():
            with suppress(_Dropped):
                return self._exchange(kept, headers, body)
        return self._exchange(self._open(), headers, body)

    def _exchange(self, connection: _Connection, headers: Mapping[str, str], body: bytes) -> Answer:
        begun, keep = monotonic(), False
        try:
            with _watchdog.end_after(connection.socket, self.exchange_s):
                connection.request(_target(urlsplit(self.url)), headers, body)
                answer, keep = _read_answer(connection.http)
        except (OSError, HTTPException) as error:
            # A connection that the watchdog ended looks like one that the receiver closed.
            in_time = monotonic() - begun < self.exchange_s
            kind = _Dropped if in_time and isinstance(error, ConnectionError) else NotAnswered
            raise kind(f"no answer: {_why(error)}") from error
        finally:
            connection.used_at = monotonic()
            if keep and connection.is_usable():
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> _Connection | None:
        """Return the kept connection that was used last, if the receiver has not closed it."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if connection.is_usable():
                    return connection
                connection.close()
        return None

    def _open(self) -> _Connection:
        parts = urlsplit(self.url)
        tls = self.tls() if parts.scheme == "https" else None
        http = _create_connection(parts, tls)
        plain = _connect(self._resolve_checked(http.host, http.port), http.port)
        plain.settimeout(self.exchange_s)
        # The client sends headers and body apart. Without this the body of a request over a kept
        # connection waits 40 ms for the receiver to acknowledge the headers.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        duplicate, now = plain.dup(), monotonic()
        duplicate.settimeout(0)
        http.sock = plain
        return _Connection(http, duplicate, tls, opened_at=now, used_at=now)

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


def _connect(addresses: list[str], port: int) -> socket.socket:
    # This machine may reach only some of a host's addresses.
    reason = OSError("no address")
    for address in addresses[:_CONNECT_TRIES]:
        try:
            return socket.create_connection((address, port), timeout=_CONNECT_S)
        except OSError as error:
            reason = error
    raise NotAnswered(f"no connection: {_why(reason)}") from reason


def _why(error: OSError | HTTPException) -> str:
    """Return a phrase for the log of deliveries, which has no address in it."""
    match error:
        case TimeoutError():
            return "timed out"
        case ssl.SSLError():
            return f"TLS: {_why_of_tls(error)}"
        case OSError(errno=int() as number):
            return os.strerror(number).lower()
        case ConnectionError():
            return "the connection was closed"
        case _:
            return "the response is not HTTP"


def _why_of_tls(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return (error.reason or "no handshake").replace("_", " ").lower()
    is_of_another = error.verify_code in _OTHER_NAME
    return "the certificate is for another name" if is_of_another else error.verify_message


class _Watchdog:
    """Ends connections that take too long: a socket's own timeout restarts with every byte.

    One thread watches all of them. To start a thread for each takes longer than a request.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._watched: dict[object, tuple[float, socket.socket]] = {}
        self._wakes_at = inf
        self._started = False

    @contextmanager
    def end_after(self, connected: socket.socket, seconds: float) -> Iterator[None]:
        """End the connection if the block takes longer than some seconds."""
        ends_at, mark = monotonic() + seconds, object()
        with self._changed:
            self._watched[mark] = ends_at, connected
            if not self._started:
                Thread(target=self._run, daemon=True).start()
                self._started = True
            if ends_at < self._wakes_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(mark, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = monotonic()
                for mark, (ends_at, connected) in list(self._watched.items()):
                    if ends_at <= now:
                        _end(connected)
                        del self._watched[mark]
                self._wakes_at = min((at for at, _ in self._watched.values()), default=inf)
                self._changed.wait(None if self._wakes_at == inf else self._wakes_at - now)


_watchdog = _Watchdog()


def _end(connected: socket.socket) -> None:
    with suppress(OSError):
        # A read then ends as if the receiver had closed the connection. To close both directions
        # would turn its next byte into a reset, which loses a status that has been read.
        connected.shutdown(socket.SHUT_RD)


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _read_answer(connection: HTTPConnection) -> tuple[Answer, bool]:
    """Return the answer, and whether the connection can be used again."""
    response, complete = connection.getresponse(), False
    with closing(response), suppress(OSError, HTTPException):
        # The body does not matter. Reading it lets the receiver finish.
        response.read(_ANSWER_BYTES)
        complete = response.isclosed() and not response.will_close
    asked = response.headers.get("Retry-After", "")
    return Answer(response.status, retry_after(asked, now=datetime.now(UTC))), complete


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
