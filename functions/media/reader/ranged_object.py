"""Reads a stored object by ranges: the bytes that a reader wants, and those it will want next."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Self

from functions.core.unavailable import StorageUnavailable
from functions.media.reader.block_cache import BLOCK, BlockCache

Get = Callable[[int, int], Generator[bytes]]
"""A function that yields the bytes from a start to an end (exclusive), in pieces of `BLOCK`."""

_ONE_GET = (1 << 20) // BLOCK
"""Blocks of the largest object that one request fetches whole."""

_SMALL = (8 << 20) // BLOCK
"""Blocks of the largest object that is always fetched whole."""

_MIN_END, _MAX_END = (256 << 10) // BLOCK, (2 << 20) // BLOCK
"""Blocks at either end that are fetched first, about 1% each: they hold headers and indexes."""

_MIN_WINDOW, _MAX_WINDOW = (1 << 20) // BLOCK, (8 << 20) // BLOCK
"""Blocks to read ahead: after a jump, and for a sequential reader that is faster than storage."""

_GROWTH = 2
"""Factor by which the window grows each time that its reader has caught up with it."""

_END_GET = (512 << 10) // BLOCK
_AHEAD_GET = (2 << 20) // BLOCK
_WHOLE_GET = (4 << 20) // BLOCK
"""Blocks of the largest request. Parallel requests are quicker, but S3 charges for each."""

_MAX_JUMPS = 24
"""Jumps after which fetching the whole object is quicker than more requests (ADR 7)."""

_CONCURRENCY = 4
"""Concurrent requests for a whole object. One request gets 75 to 90 MB/s from S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
"""

_MAX_FAILURES = 5
"""Failed requests after which storage counts as unavailable."""

_COUNTING_S = 1
"""Seconds after which a waiting reader adds its time to `waited_s`."""

_MAX_WAIT_S = 15
"""Seconds to wait for one block: less than the time of any child process."""


@dataclass(slots=True, eq=False)
class _Fetch:
    """A request in progress: the blocks from `next` to `end` (exclusive) are still to come."""

    start: int
    end: int
    ahead: bool
    """Whether it reads ahead, and no reader has waited for its start yet."""
    next: int = field(init=False)

    def __post_init__(self) -> None:
        self.next = self.start

    def __contains__(self, block: int) -> bool:
        return self.next <= block < self.end


class RangedObject:
    """One object of a known size, for several threads. Each request runs in its own thread.

    Reading ahead follows the reader that asked last. A block is fetched once and stays in the
    cache. Every request names the object's version, so all blocks belong to the same one.
    """

    def __init__(self, get: Get, size: int, cache: BlockCache) -> None:
        """Read an object of `size` bytes with `get`."""
        self.size = size
        self.requests = 0
        self.bytes_read = 0
        self.waited_s = 0.0
        """Total seconds that readers have waited for storage."""
        self.error: Exception | None = None
        """The error that keeps the object from being read."""
        self._get = get
        self._edits: dict[int, int] = {}
        self._cache = cache
        self._end = -(-size // BLOCK)
        self._changed = threading.Condition()
        self._fetches: list[_Fetch] = []
        self._frontier = 0
        self._window = 0
        self._jumps = 0
        self._whole = False
        self._whole_from = 0
        self._failures = 0
        self._closed = False

    def __enter__(self) -> Self:
        """Request both ends, where every container keeps its headers."""
        ends = min(max(self._end // 100, _MIN_END), _MAX_END)
        if self._end <= _ONE_GET:
            ends = self._end
        with self._changed:
            self._frontier, self._window = ends, min(ends, _MIN_WINDOW)
            whole = self._end <= _ONE_GET or ends <= _END_GET
            largest = ends if whole else -(-ends // 2)
            self._request(0, ends, largest=largest)
            self._request(self._end - ends, self._end, largest=largest)
            if self._end <= _SMALL:
                self._read_whole()
        return self

    def __exit__(self, *_: object) -> None:
        """Release waiting readers. Requests in progress end by themselves and change nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def read(self, position: int) -> bytes:
        """Return the bytes from a position to the end of its block.

        The result is empty after the object's end, and on a failure, which is then in `error`.
        """
        if position >= self.size:
            return b""
        block, offset = divmod(position, BLOCK)
        with self._changed:
            try:
                if not self._closed:
                    self._plan(block)
                content = self._wait_for(block)
            except Exception as error:  # noqa: BLE001 (kept in `error`, like a request's)
                self.error = self.error or error
                content = b""
        edits = [(at - block * BLOCK, byte) for at, byte in self._edits.items()]
        if edits:
            edited = bytearray(content)
            for at, byte in edits:
                if 0 <= at < len(edited):
                    edited[at] = byte
            content = bytes(edited)
        return content[offset : self.size - block * BLOCK]

    def peek(self, start: int, end: int) -> bytes:
        """Return the bytes of a range that have arrived or are on their way, else nothing.

        It waits for them, and requests only those whose request fails meanwhile.
        """
        blocks = range(start // BLOCK, -(-min(end, self.size) // BLOCK))
        with self._changed:
            if not all(map(self._is_there, blocks)):
                return b""
            content = b"".join(map(self._wait_for, blocks))
        return content[start - blocks.start * BLOCK : min(end, self.size) - blocks.start * BLOCK]

    def request(self, start: int, end: int) -> None:
        """Request all of a range that is going to be read, unless reading ahead covers it."""
        blocks = range(start // BLOCK, -(-min(end, self.size) // BLOCK))
        with self._changed:
            if len(blocks) > _MIN_WINDOW + 1 and not self._whole and not self._closed:
                self._request(blocks.start, blocks.stop)

    def fetch(self, start: int, end: int) -> bytes:
        """Return the bytes of a range by one request for exactly these, without caching them.

        The result is shorter on a failure. `error` has it if reading on is useless.
        """
        found = bytearray()
        try:
            with closing(self._get(start, end)) as pieces:
                for piece in pieces:
                    found += piece
        except Exception as error:  # noqa: BLE001 (kept in `error`)
            self._record_failure(error)
        with self._changed:
            self.requests += 1
            self.bytes_read += len(found)
        return bytes(found)

    def guess(self, position: int, length: int = _MIN_WINDOW * BLOCK) -> None:
        """Request what a reader may want from a position on, unless all of the object comes."""
        start, stop = position // BLOCK, min((position + length) // BLOCK, self._end)
        with self._changed:
            if 0 <= position < self.size and not self._whole and not self._closed:
                self._request(start, stop)

    def expect(self, position: int) -> None:
        """Request what a reader will want that is going to jump to a position."""
        with self._changed:
            if not self._closed and 0 <= position < self.size:
                self._plan(position // BLOCK)
            # A guess may have requested the beginning of it.
            self.guess(position)

    def edit(self, position: int, content: bytes) -> None:
        """Let readers see other bytes at a position than those of the object."""
        self._edits |= dict(enumerate(content, position))

    def read_whole(self) -> None:
        """Fetch the whole object ahead of its readers, if the cache can hold it."""
        with self._changed:
            self._read_whole()

    def _plan(self, block: int) -> None:
        """Request the blocks that a reader of this block will want next."""
        reads_on = self._frontier - self._window // 4 <= block <= self._frontier + self._window
        if not reads_on:
            if self._is_there(block):
                return
            self._window = _MIN_WINDOW
        if not reads_on or block > self._frontier:
            self._jumps += 1
        start = max(block, self._frontier) if reads_on else block
        self._frontier = min(start + self._window, self._end)
        self._request(start, self._frontier, ahead=reads_on)

    def _request_window(self, block: int) -> None:
        self._request(block, min(block + _MIN_WINDOW, self._end))

    def _wait_for(self, block: int) -> bytes:
        began = time.monotonic()
        while not self._closed:
            content = self._cache.get(block)
            if content is not None:
                return content
            if self.error:
                return b""
            fetch = next((fetch for fetch in self._fetches if block in fetch), None)
            if fetch is None:
                self._request_window(block)
            elif fetch.ahead and fetch.next == fetch.start:
                # The reader has caught up with the window.
                fetch.ahead = False
                self._window = min(self._window * _GROWTH, _MAX_WINDOW)
            started = time.monotonic()
            self._changed.wait(_COUNTING_S)
            self.waited_s += time.monotonic() - started
            if time.monotonic() - began > _MAX_WAIT_S:
                self.error = self.error or StorageUnavailable("S3: no answer in time")
        return b""

    def _is_there(self, block: int) -> bool:
        return block in self._cache or any(block in fetch for fetch in self._fetches)

    def _request(
        self, start: int, end: int, *, ahead: bool = False, largest: int = _AHEAD_GET
    ) -> None:
        """Fetch the blocks in a range that are neither in the cache nor on their way."""
        while start < end:
            stop = start
            while stop < min(start + largest, end) and not self._is_there(stop):
                stop += 1
            if stop > start:
                self._start(_Fetch(start, stop, ahead))
            start = max(stop, start + 1)

    def _start(self, fetch: _Fetch) -> None:
        self._fetches.append(fetch)
        self.requests += 1
        try:
            threading.Thread(target=self._run, args=(fetch,), daemon=True).start()
        except RuntimeError:
            self._fetches.remove(fetch)
            raise

    def _run(self, fetch: _Fetch) -> None:
        end = min(fetch.end * BLOCK, self.size)
        try:
            with closing(self._get(fetch.start * BLOCK, end)) as contents:
                while fetch.next < fetch.end and not self._closed:
                    self._store(fetch, next(contents, b""))
        except Exception as error:  # noqa: BLE001 (kept in `error`)
            self._record_failure(error)
        finally:
            self._end_fetch(fetch)

    def _store(self, fetch: _Fetch, content: bytes) -> None:
        with self._changed:
            if self._closed:
                return
            if len(content) != min(BLOCK, self.size - fetch.next * BLOCK):
                raise StorageUnavailable("S3: fewer bytes than requested")
            self._cache.put(fetch.next, content)
            self.bytes_read += len(content)
            fetch.next += 1
            self._changed.notify_all()

    def _record_failure(self, error: Exception) -> None:
        with self._changed:
            self._failures += 1
            if not isinstance(error, StorageUnavailable) or self._failures >= _MAX_FAILURES:
                self.error = self.error or error

    def _end_fetch(self, fetch: _Fetch) -> None:
        with self._changed:
            self._fetches.remove(fetch)
            if self._whole or self._jumps > _MAX_JUMPS:
                self._read_whole()
            self._changed.notify_all()

    def _read_whole(self) -> None:
        """Fetch all missing blocks, a few requests at a time, if the cache can hold the object."""
        self._whole = self._end <= self._cache.capacity and not self._closed and not self.error
        while self._whole and self._whole_from < self._end and len(self._fetches) < _CONCURRENCY:
            end = min(self._whole_from + _WHOLE_GET, self._end)
            self._request(self._whole_from, end, largest=_WHOLE_GET)
            self._whole_from = end
