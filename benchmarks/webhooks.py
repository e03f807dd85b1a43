"""How many webhooks the function delivers a second, compared with one at a time.

Usage: make bench-webhooks [ARGS="--events 500"]

A run delivers the results of finished videos to a receiver on this machine, which is a process of
its own and answers at once or after 20 ms. *At once* is a scheduled run as it is deployed; *one at
a time* is the same code with one attempt at a time and a new connection for each, as in release
0.1. In each round both take a turn. Writes docs/benchmarks/webhooks.md.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore
from time import perf_counter, sleep
from unittest.mock import patch

from functions.adapters.catalog import Catalog
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_event_id, new_video_id
from functions.adapters.telemetry import logger
from functions.core.clock import utc_now
from functions.core.delivery_log import LoggedAttempt, LoggedDelivery
from functions.core.receivers import Receiver
from functions.core.settings import CatalogSettings
from functions.core.video import Lease, Video, Webhook
from functions.webhooks import gate, outbound
from functions.webhooks.deliver import Webhooks
from functions.webhooks.outbound import HttpReceiver
from functions.webhooks.targets import Targets
from tests import moves
from tests.examples import done_video, uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.servers import mongodb

_REPORT = Path(__file__).parents[1] / "docs" / "benchmarks" / "webhooks.md"
_ROUNDS = 5
_WRITE_S = 0.005
_CONNECTIONS = Semaphore(4)
"""The connections to MongoDB that the function has."""
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_ROOT = "0" * 43
_API = "https://api.example.com"
_LEASE_END = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """What one row of the table measures."""

    name: str
    receiver_s: float
    fill: Callable[[int], Catalog]
    share: int = 1
    """The part of the results that a round has: SecantusDB takes long to store them."""


def main() -> None:
    """Measure, and write the report."""
    events, load = _options().events, os.getloadavg()[0]
    logging.disable()
    logger().setLevel("CRITICAL")
    lines = []
    with TemporaryDirectory() as folder, mongodb(Path(folder)) as server:
        for row in (
            Row("in memory, answers at once", 0.0, _in_memory),
            Row("in memory, answers after 20 ms", 0.02, _in_memory),
            Row("5 ms a write, answers after 20 ms", 0.02, _as_over_a_network),
            Row(
                "SecantusDB, answers after 20 ms", 0.02, lambda count: _stored(server.uri, count), 5
            ),
        ):
            with _receiver(row.receiver_s) as url:
                lines.append(_measure(row, url, events))
            print(lines[-1], file=sys.stderr)
    _REPORT.write_text(_report(lines, events, load))


def _measure(row: Row, url: str, events: int) -> str:
    events //= row.share
    rates: dict[str, list[float]] = {"once": [], "one": []}
    for _ in range(_ROUNDS):
        rates["once"].append(_rate(row, url, events))
        with patch.object(gate, "MOST_AT_ONCE", 1), patch.object(outbound, "_IDLE_S", -1.0):
            rates["one"].append(_rate(row, url, max(events // 5, 1)))
    ratios = [once / one for once, one in zip(rates["once"], rates["one"], strict=True)]
    once, one = (statistics.median(rates[way]) for way in ("once", "one"))
    return f"| {row.name} | {once:,.0f} | {one:,.0f} | {statistics.median(ratios):.1f} |"


def _rate(row: Row, url: str, events: int) -> float:
    """Return the deliveries in a second of one run."""
    catalog = row.fill(events)
    receiver = Receiver("rcv_1", url, utc_now())
    targets = Targets(
        lambda: [receiver], lambda one: HttpReceiver(one, allow_private=True), root=_ROOT
    )
    webhooks = Webhooks(catalog, targets, FakeWebhookQueue(), _API)
    begun, delivered = perf_counter(), 0
    while delivered < events:
        # SecantusDB leaves out a few records of a list that changes while it is read.
        report = webhooks.run(remaining_s=lambda: 1000.0)
        if not report.delivered:
            raise RuntimeError(f"Not all {events} were delivered: {report}.")
        delivered += report.delivered
    taken = perf_counter() - begun
    targets.close()
    if isinstance(catalog, MongoCatalog):
        catalog.close()
    return events / taken


def _in_memory(count: int) -> FakeCatalog:
    catalog = FakeCatalog()
    for _ in range(count):
        webhook = Webhook(new_event_id(), due_at=utc_now())
        found = replace(done_video(new_video_id()), webhook=webhook)
        catalog.videos[found.id] = found
    return catalog


class _OverNetwork(FakeCatalog):
    """Records in memory, with the time that writes to a database over a network take."""

    def save(self, seen: Video, new: Video) -> Video | None:
        _wait_for_a_write()
        return super().save(seen, new)


class _LogOverNetwork(FakeDeliveries):
    def record(self, delivery: LoggedDelivery, attempt: LoggedAttempt | None) -> None:
        _wait_for_a_write()
        super().record(delivery, attempt)


def _wait_for_a_write() -> None:
    with _CONNECTIONS:
        sleep(_WRITE_S)


def _as_over_a_network(count: int) -> FakeCatalog:
    catalog = _OverNetwork(_in_memory(count).videos)
    catalog.deliveries = _LogOverNetwork()
    return catalog


def _stored(uri: str, count: int) -> MongoCatalog:
    settings = CatalogSettings(uri, database=f"bench-{new_video_id()}", webhooks_on=True)
    catalog = MongoCatalog(settings, pool_size=8, timeout_ms=0)
    catalog.ensure_schema()
    for _ in range(count):
        video_id = new_video_id()
        catalog.add(video(video_id))
        lease = Lease("token", _LEASE_END)
        moves.claim(catalog, uploaded(video_id), lease, now=utc_now())
        moves.complete(catalog, video_id, lease)
    return catalog


@contextmanager
def _receiver(after_s: float) -> Iterator[str]:
    """Yield the URL of a receiver in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, after_s), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.terminate()
        process.join()


def _serve(ready: Connection, after_s: float) -> None:
    asyncio.run(_answer_all(ready, after_s))


async def _answer_all(ready: Connection, after_s: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            await reader.readexactly(_length(head))
            await asyncio.sleep(after_s)
            writer.write(_ANSWER)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _length(head: bytes) -> int:
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return int(lines[b"content-length"])


_PAGE = """# Webhooks a second, compared with one at a time

`make bench-webhooks` made this page: {rounds} rounds of {events} results, on {machine}, with 2
CPUs, which the function, the receiver and SecantusDB share; load average at the start {load:.1f}.
Medians of the rounds.

- *At once* is a scheduled run of the webhooks function as it is deployed: up to {most} attempts at
  once to each receiver, over connections that are kept. The function counts each attempt before it
  makes it, and records it afterwards.
- *One at a time* is the same code with one attempt at a time and a new connection for each, as in
  release 0.1.
- *In memory*: the records are in this process, so that the figures are the function's own. *5 ms a
  write*: the same, with the time of writes to a database over a network, over 4 connections as the
  function has them. A delivery takes three writes. The last row has the local MongoDB, SecantusDB,
  which is slow at writes.

| records and receiver | at once, a second | one at a time, a second | faster |
| --- | ---: | ---: | ---: |
{lines}
"""


def _report(lines: list[str], events: int, load: float) -> str:
    return _PAGE.format(
        rounds=_ROUNDS,
        events=events,
        load=load,
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        most=gate.MOST_AT_ONCE,
        lines="\n".join(lines),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500, help="the results of a round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
