"""Proxies for S3 and MongoDB that hold, reject, cut and break requests.

They do not change S3's `Host` header, because signatures cover it.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from clipo.local.ports import LOOPBACK

_BROKEN = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


class Fault(Enum):
    """A fault of one request."""

    HOLD_BEFORE = "held before it is carried out"
    HOLD_AFTER = "held when it was carried out"
    ERROR_500 = "answered with 500"
    SLOW_DOWN = "answered with 503 SlowDown"
    RESET_BEFORE = "reset before it is carried out"
    RESET_AFTER = "reset when it was carried out"
    HALF_BODY = "answered by half"


FAULTS_OF_S3 = [fault for fault in Fault if not fault.name.startswith("HOLD")]


@dataclass(eq=False)
class Trap:
    """A fault for the next requests that contain all given words."""

    words: tuple[bytes, ...]
    fault: Fault
    times: int = 1
    client_port: int = 0
    """Client port of the connection that was held last, which identifies its process."""
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def catches(self, request: bytes) -> bool:
        if self.times == 0 or not all(word in request for word in self.words):
            return False
        self.times -= 1
        return True

    async def hold(self, writer: asyncio.StreamWriter) -> None:
        self.client_port = writer.get_extra_info("peername")[1]
        self.reached.set()
        await asyncio.to_thread(self.go_on.wait, 60)


@dataclass
class Proxy:
    """A proxy that listens on its own port and forwards to another."""

    upstream: int
    port: int = 0
    traps: list[Trap] = field(default_factory=list)
    at_random: Callable[[bytes], Fault | None] = lambda _: None

    def trap(self, fault: Fault, *words: bytes, times: int = 1) -> Trap:
        set_one = Trap(words, fault, times)
        self.traps.append(set_one)
        return set_one

    def disarm(self) -> None:
        """Remove all traps and release the requests that they hold."""
        for one in self.traps:
            one.times = 0
            one.go_on.set()
        self.traps.clear()

    def caught(self, request: bytes) -> Trap | None:
        for one in self.traps:
            if one.catches(request):
                return one
        fault = self.at_random(request)
        return Trap((), fault) if fault else None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.upstream)
        try:
            yield reader, writer
        finally:
            writer.close()


class S3Proxy(Proxy):
    """Forwards each HTTP request on a new connection."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if header(head, b"expect"):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(header(head, b"content-length") or 0))
            request = _without(head, b"expect", b"connection")[:-2] + b"Connection: close\r\n\r\n"
            if not await self._answer(request, body, writer):
                return

    async def _answer(self, request: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, and return whether the connection stays open."""
        trap = self.caught(request)
        match trap and trap.fault:
            case Fault.ERROR_500:
                writer.write(error_of_s3(500, "InternalError"))
                return True
            case Fault.SLOW_DOWN:
                writer.write(error_of_s3(503, "SlowDown"))
                return True
            case Fault.RESET_BEFORE:
                _reset(writer)
                return False
        if trap and trap.fault is Fault.HOLD_BEFORE:
            await trap.hold(writer)
        async with self.connected() as (answers, requests):
            requests.write(request + body)
            answer = await answers.read(-1)
        if trap and trap.fault is Fault.HOLD_AFTER:
            await trap.hold(writer)
        if trap and trap.fault is Fault.RESET_AFTER:
            _reset(writer)
            return False
        if trap and trap.fault is Fault.HALF_BODY:
            head_end = answer.index(b"\r\n\r\n") + 4
            writer.write(answer[: head_end + (len(answer) - head_end) // 2])
            return False
        writer.write(answer)
        return False


class MongoProxy(Proxy):
    """Forwards whole messages of MongoDB's protocol, and holds requests between two messages."""

    @property
    def uri(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.port}/?directConnection=true"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self.connected() as (answers, requests):
            open_ = asyncio.Event()
            open_.set()
            back = asyncio.create_task(self._pass_back(answers, writer, open_))
            try:
                while True:
                    await self._pass_on(await _message(reader), writer, requests, open_)
            finally:
                back.cancel()

    async def _pass_on(
        self,
        message: bytes,
        writer: asyncio.StreamWriter,
        requests: asyncio.StreamWriter,
        open_: asyncio.Event,
    ) -> None:
        trap = self.caught(message)
        if trap and trap.fault is Fault.HOLD_BEFORE:
            await trap.hold(writer)
        if trap and trap.fault is Fault.HOLD_AFTER:
            open_.clear()
        requests.write(message)
        await requests.drain()
        if trap and trap.fault is Fault.HOLD_AFTER:
            # Long enough for a small update to be carried out.
            await asyncio.sleep(0.2)
            await trap.hold(writer)
            open_.set()

    async def _pass_back(
        self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, open_: asyncio.Event
    ) -> None:
        with suppress(*_BROKEN):
            while True:
                answer = await _message(answers)
                await open_.wait()
                writer.write(answer)
        writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one message of MongoDB's protocol, which begins with its length."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(struct.unpack("<i", length)[0] - 4)


def header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def _without(head: bytes, *names: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if line.partition(b":")[0].lower() not in names)


def error_of_s3(status: int, code: str) -> bytes:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>!</Message></Error>".encode()
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def at_random(seed: int, share: float, *words: bytes) -> Callable[[bytes], Fault | None]:
    """Return a function that chooses faults for a share of the requests that contain a word."""
    chance = random.Random(seed)

    def choose(request: bytes) -> Fault | None:
        if not any(word in request for word in words) or chance.random() > share:
            return None
        return chance.choice(FAULTS_OF_S3)

    return choose


@contextmanager
def run_proxies(*proxies: Proxy) -> Iterator[None]:
    """Run proxies on their own ports during a `with` block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    servers: list[asyncio.Server] = []

    async def start() -> None:
        for proxy in proxies:
            server = await asyncio.start_server(_quiet(proxy.serve), LOOPBACK, limit=1 << 20)
            servers.append(server)
            proxy.port = server.sockets[0].getsockname()[1]

    async def stop() -> None:
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _quiet(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    # The event loop keeps only weak references to tasks, so keep strong ones here:
    # https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
    alive: set[asyncio.Task[Any] | None] = set()

    async def serve_quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        alive.add(task := asyncio.current_task())
        with suppress(*_BROKEN, asyncio.CancelledError):
            await serve(reader, writer)
        alive.discard(task)
        writer.close()

    return serve_quietly
