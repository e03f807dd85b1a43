"""Ranged reads of an object in memory that counts, delays and breaks requests."""

import errno
import threading
import time
from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.adapters.storage import ObjectGone, SourceReplaced
from functions.core.unavailable import StorageUnavailable
from functions.media.reader.block_cache import BLOCK, BlockCache
from functions.media.reader.ranged_object import RangedObject

MB = 1 << 20


@dataclass
class Store:
    """An object in which every eight bytes hold their own position."""

    size: int
    asked: list[tuple[int, int]] = field(default_factory=list)
    fail: Callable[[int], None] = lambda _: None
    """A function that gets the number of each request and may raise."""
    piece: Callable[[bytes], bytes] = lambda piece: piece

    def content(self, start: int, end: int) -> bytes:
        first = start // 8
        words = array("Q", range(first, -(-end // 8))).tobytes()
        return words[start - first * 8 : end - first * 8]

    def get(self, start: int, end: int) -> Generator[bytes]:
        self.asked.append((start, end))
        self.fail(len(self.asked))
        while start < end:
            stop = min(start + BLOCK, end)
            yield self.piece(self.content(start, stop))
            start = stop

    @property
    def bytes_asked(self) -> int:
        return sum(end - start for start, end in self.asked)


@contextmanager
def open_object(
    store: Store,
    directory: Path,
    *,
    capacity: int = 6144,
) -> Iterator[RangedObject]:
    cache = BlockCache(directory, capacity=capacity)
    with RangedObject(store.get, store.size, cache) as content:
        yield content
    wait_until_settled(content)
    cache.close()


def wait_until_settled(content: RangedObject) -> None:
    """Wait until no request is in progress."""
    with content._changed:
        assert content._changed.wait_for(lambda: not content._fetches, timeout=10)


def read(content: RangedObject, start: int, length: int) -> bytes:
    found = bytearray()
    while len(found) < length and (piece := content.read(start + len(found))):
        found += piece
    return bytes(found[:length])


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 12 * MB) | st.sampled_from([1, BLOCK - 1, BLOCK, BLOCK + 1, MB, 8 * MB]),
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5),
)
def test_every_byte_is_correct(
    tmp_path_factory: pytest.TempPathFactory, size: int, places: list[float]
) -> None:
    store = Store(size)
    with open_object(store, tmp_path_factory.mktemp("cache")) as content:
        for start in (int(size * place) for place in places):
            length = min(100_000, size - start)
            assert read(content, start, length) == store.content(start, start + length)


def test_a_small_object_is_read_by_one_request(tmp_path: Path) -> None:
    store = Store(MB)
    with open_object(store, tmp_path) as content:
        read(content, 0, MB)
        assert (content.requests, content.bytes_read) == (1, MB)


def test_an_object_of_up_to_8_mb_is_read_whole(tmp_path: Path) -> None:
    store = Store(8 * MB)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        assert content.bytes_read == 8 * MB
        asked = content.requests
        read(content, 0, 8 * MB)
        assert content.requests == asked


def test_both_ends_are_requested_before_the_first_read(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        assert store.asked[0][0] == 0
        assert store.asked[-1][1] == 100 * MB
        assert store.bytes_asked == pytest.approx(2 * MB, rel=0.1)
        # Parallel requests of similar size.
        assert len(store.asked) == 4


@pytest.mark.parametrize(
    ("start", "end"), [(5, 6), (BLOCK - 1, BLOCK + 1), (99 * MB + 7, 100 * MB)]
)
def test_a_peek_waits_for_bytes_that_are_on_their_way(tmp_path: Path, start: int, end: int) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        assert content.peek(start, end) == store.content(start, end)


def test_a_peek_requests_nothing(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        assert content.peek(50 * MB, 50 * MB + 1) == b""
        wait_until_settled(content)
        assert len(store.asked) == 4


def test_an_expected_part_is_there_for_its_reader(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        content.expect(50 * MB)
        wait_until_settled(content)
        asked = len(store.asked)
        read(content, 50 * MB, MB // 2)
        assert (asked, len(store.asked)) == (5, 5)


def test_a_guessed_part_is_requested_once(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        content.guess(50 * MB)
        content.expect(50 * MB + MB // 2)
        wait_until_settled(content)
        assert store.bytes_asked == pytest.approx(2 * MB + 1.5 * MB, rel=0.05)
        read(content, 50 * MB + MB // 2, MB // 2)
        assert len(store.asked) == 6


def test_nothing_is_guessed_of_an_object_that_is_read_whole(tmp_path: Path) -> None:
    store = Store(8 * MB)
    with open_object(store, tmp_path) as content:
        asked = content.requests
        content.guess(4 * MB)
        assert content.requests == asked


def test_a_range_is_requested_side_by_side_and_no_further(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        content.request(20 * MB, 30 * MB)
        assert content.requests == 4 + 5
        read(content, 20 * MB, 10 * MB)
        wait_until_settled(content)
        assert store.bytes_asked == pytest.approx(12 * MB, rel=0.02)


def test_a_part_after_the_end_is_not_expected(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        content.expect(100 * MB)
        wait_until_settled(content)
        assert len(store.asked) == 4


@pytest.mark.parametrize(("size", "ends"), [(10 * MB, 512 << 10), (4096 * MB, 4 * MB)])
def test_the_size_of_the_ends_is_bounded(tmp_path: Path, size: int, ends: int) -> None:
    store = Store(size)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        assert store.bytes_asked == ends


def test_a_block_is_requested_once(tmp_path: Path) -> None:
    store = Store(100 * MB)
    with open_object(store, tmp_path) as content:
        read(content, 50 * MB, 100)
        wait_until_settled(content)
        asked = len(store.asked)
        for _ in range(5):
            read(content, 50 * MB, 100)
            read(content, 0, 100)
        wait_until_settled(content)
        assert len(store.asked) == asked


def test_a_single_read_costs_little(tmp_path: Path) -> None:
    store = Store(4096 * MB)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        ends = store.bytes_asked
        read(content, 2048 * MB, 100)
        wait_until_settled(content)
        assert store.bytes_asked - ends <= MB


def test_the_window_grows_for_a_sequential_reader(tmp_path: Path) -> None:
    store = Store(1024 * MB)
    with open_object(store, tmp_path) as content:
        read(content, 500 * MB, 40 * MB)
        wait_until_settled(content)
        assert len(store.asked) < 40
        assert store.bytes_asked < 40 * MB + 20 * MB


def test_the_window_stays_small_for_a_slow_reader(tmp_path: Path) -> None:
    store = Store(1024 * MB)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        ends = store.bytes_asked
        for start in range(500 * MB, 502 * MB, BLOCK):
            read(content, start, BLOCK)
            wait_until_settled(content)
        assert store.bytes_asked - ends <= 3 * MB


def test_many_jumps_fetch_the_whole_object(tmp_path: Path) -> None:
    store = Store(64 * MB)
    with open_object(store, tmp_path) as content:
        for jump in range(28):
            read(content, (jump * 29 % 60 + 2) * MB, 10)
            wait_until_settled(content)
        wait_until_settled(content)
        assert content.bytes_read == 64 * MB
        asked = content.requests
        for jump in range(28):
            read(content, jump * 2 * MB + 500_000, 10)
        assert content.requests == asked


def test_many_jumps_do_not_fetch_an_object_larger_than_the_cache(tmp_path: Path) -> None:
    store = Store(640 * MB)
    with open_object(store, tmp_path, capacity=100) as content:
        for jump in range(40):
            start = (jump * 29 % 600 + 3) * MB
            assert read(content, start, 10) == store.content(start, start + 10)
            wait_until_settled(content)
        assert store.bytes_asked < 60 * MB


def test_the_whole_object_is_fetched_on_request(tmp_path: Path) -> None:
    store = Store(30 * MB)
    with open_object(store, tmp_path) as content:
        content.read_whole()
        wait_until_settled(content)
        assert content.bytes_read == 30 * MB
        assert len(store.asked) < 12


def test_an_object_larger_than_the_cache_can_be_read_to_its_end(tmp_path: Path) -> None:
    store = Store(12 * MB)
    with open_object(store, tmp_path, capacity=20) as content:
        assert read(content, 0, 12 * MB) == store.content(0, 12 * MB)


def test_several_threads_can_read(tmp_path: Path) -> None:
    store = Store(32 * MB)
    wrong: list[int] = []

    def work(start: int) -> None:
        if read(content, start, MB) != store.content(start, start + MB):
            wrong.append(start)

    with open_object(store, tmp_path) as content:
        threads = [threading.Thread(target=work, args=(n * 3 * MB,)) for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert wrong == []


@pytest.mark.parametrize(
    "error",
    [SourceReplaced("newer"), ObjectGone("gone"), OSError(errno.ENOSPC, "No space left")],
)
def test_a_permanent_error_ends_reading_immediately(tmp_path: Path, error: Exception) -> None:
    def fail(_: int) -> None:
        raise error

    store = Store(100 * MB, fail=fail)
    with open_object(store, tmp_path) as content:
        assert content.read(0) == b""
        assert content.error is error
        assert content.read(50 * MB) == b""


def test_a_failed_request_is_retried(tmp_path: Path) -> None:
    def fail(request: int) -> None:
        if request in (1, 3, 4):
            raise StorageUnavailable("S3: connection reset")

    store = Store(100 * MB, fail=fail)
    with open_object(store, tmp_path) as content:
        assert read(content, 10, 100) == store.content(10, 110)
        assert read(content, 50 * MB, 100) == store.content(50 * MB, 50 * MB + 100)
        assert content.error is None


def test_storage_that_keeps_failing_is_unavailable(tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise StorageUnavailable("S3: connection reset")

    store = Store(100 * MB, fail=fail)
    with open_object(store, tmp_path) as content:
        assert content.read(0) == b""
        assert isinstance(content.error, StorageUnavailable)
        assert len(store.asked) < 10


@pytest.mark.parametrize("length", [0, 100])
def test_a_body_that_always_ends_early_is_an_error(tmp_path: Path, length: int) -> None:
    store = Store(100 * MB, piece=lambda piece: piece[:length])
    with open_object(store, tmp_path) as content:
        assert content.read(0) == b""
        assert isinstance(content.error, StorageUnavailable)
        assert len(store.asked) < 10


def test_a_body_that_ended_early_is_continued(tmp_path: Path) -> None:
    broken: list[int] = []

    def piece(content: bytes) -> bytes:
        if len(broken) == 2:
            broken.append(3)
            return content[:10]
        broken.append(0)
        return content

    store = Store(MB, piece=piece)
    with open_object(store, tmp_path) as content:
        assert read(content, 0, MB) == store.content(0, MB)


def test_closing_releases_a_waiting_reader(tmp_path: Path) -> None:
    asked, answer = threading.Event(), threading.Event()
    found: list[bytes] = []

    def fail(_: int) -> None:
        asked.set()
        answer.wait(10)

    store = Store(100 * MB, fail=fail)
    with open_object(store, tmp_path) as content:
        reader = threading.Thread(target=lambda: found.append(content.read(0)))
        reader.start()
        assert asked.wait(5)
        content.__exit__(None, None, None)
        reader.join(5)
        assert found == [b""]
        answer.set()


def test_time_spent_waiting_is_counted(tmp_path: Path) -> None:
    store = Store(100 * MB, fail=lambda _: time.sleep(0.2))
    with open_object(store, tmp_path) as content:
        content.read(0)
        assert content.waited_s > 0.1


@pytest.mark.parametrize("size", [0, 1, BLOCK, MB, MB + 1])
def test_there_is_nothing_after_the_end(tmp_path: Path, size: int) -> None:
    with open_object(Store(size), tmp_path) as content:
        assert content.read(size) == b""
        assert content.read(size + 5 * MB) == b""


@pytest.mark.parametrize("mb", [9, 20, 40, 60, 100, 107, 119, 200, 1000])
def test_requests_for_the_ends_have_similar_sizes(tmp_path: Path, mb: int) -> None:
    store = Store(mb * MB)
    with open_object(store, tmp_path) as content:
        wait_until_settled(content)
        lengths = [end - start for start, end in store.asked]
        assert len(lengths) <= 4
        assert min(lengths) > max(lengths) / 2


def test_a_closed_object_returns_no_bytes_and_sends_no_request(tmp_path: Path) -> None:
    store = Store(MB)
    with open_object(store, tmp_path) as content:
        read(content, 0, MB)
    assert content.read(0) == b""
    assert content.requests == 1


def test_a_reader_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.media.reader.ranged_object._COUNTING_S", 0.05)
    monkeypatch.setattr("functions.media.reader.ranged_object._MAX_WAIT_S", 0.2)
    answer = threading.Event()

    def hang(_: int) -> None:
        answer.wait(10)

    with open_object(Store(100 * MB, fail=hang), tmp_path) as content:
        assert content.read(0) == b""
        assert isinstance(content.error, StorageUnavailable)
        answer.set()


def test_a_disk_error_is_kept_as_the_objects_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = OSError(errno.EIO, "Input/output error")

    def fail(*_: object) -> bytes:
        raise broken

    with open_object(Store(MB), tmp_path) as content:
        wait_until_settled(content)
        monkeypatch.setattr(BlockCache, "get", fail)
        assert content.read(0) == b""
        assert content.error is broken


def test_without_a_thread_for_a_request_reading_fails_immediately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with open_object(Store(100 * MB), tmp_path) as content:
        wait_until_settled(content)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            assert content.read(50 * MB) == b""
        assert isinstance(content.error, RuntimeError)
