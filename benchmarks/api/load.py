"""Sends one request again and again, over kept connections, and times the answers.

In one thread, by plain sockets and of bytes that are made beforehand: it shares the machine with
the server that it measures.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection

_PIECE = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_STALLED_S = 30


class WrongAnswer(Exception):
    """The server did not answer with success, or not in a way that is understood here."""


@dataclass(frozen=True)
class Answered:
    """What came of it."""

    latencies_s: list[float]
    """From the first byte sent to the last received, in the order of the answers."""
    wall_s: float
    cpu_s: float
    """Of this process, which the server did not have."""


def request(method: str, path: str, body: bytes = b"", *, key: str = "") -> bytes:
    """Return a request as it is sent, with an API key or without."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def load(port: int, request: bytes, *, connections: int, seconds: float) -> Answered:
    """Ask over all connections at once, on each of them again as soon as it has the answer.

    Raises `WrongAnswer`.
    """
    latencies: list[float] = []
    with ExitStack() as stack, DefaultSelector() as ready:
        for _ in range(connections):
            asked = stack.enter_context(_connected(port, request))
            ready.register(asked.socket, EVENT_READ, asked)
        started, cpu = time.perf_counter(), time.process_time()
        for key in ready.get_map().values():
            key.data.ask()
        while time.perf_counter() - started < seconds:
            events = ready.select(_STALLED_S)
            if not events:
                raise WrongAnswer(f"Nothing has come for {_STALLED_S} s.")
            for key, _ in events:
                if key.data.has_answered():
                    latencies.append(key.data.latency_s)
                    key.data.ask()
        return Answered(latencies, time.perf_counter() - started, time.process_time() - cpu)


class _Connection:
    def __init__(self, port: int, request: bytes) -> None:
        self.socket = create_connection(("127.0.0.1", port), timeout=_STALLED_S)
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._request = request

    def ask(self) -> None:
        self._answer = b""
        self._asked = time.perf_counter()
        self.socket.sendall(self._request)

    def has_answered(self) -> bool:
        """Read what is there; tell whether it is all."""
        piece = self.socket.recv(_PIECE)
        self.latency_s = time.perf_counter() - self._asked
        self._answer += piece
        if not piece or not self._answer.startswith(b"HTTP/1.1 2"[: len(self._answer)]):
            raise WrongAnswer(self._answer[:1000].decode(errors="replace"))
        return is_whole(self._answer)


@contextmanager
def _connected(port: int, request: bytes) -> Iterator[_Connection]:
    connection = _Connection(port, request)
    try:
        yield connection
    finally:
        connection.socket.close()


def is_whole(answer: bytes) -> bool:
    """Tell whether an answer has come to its end. Raises `WrongAnswer` where it names no length."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = _LENGTH.search(head + b"\r\n")
    if length is None:
        raise WrongAnswer(f"No Content-Length: {head.decode(errors='replace')}")
    return len(body) >= int(length[1])
