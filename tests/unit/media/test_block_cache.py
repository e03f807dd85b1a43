"""The block cache on a real disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from functions.media.reader.block_cache import BLOCK, BlockCache


def block(of: int) -> bytes:
    return bytes([of]) * BLOCK


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[BlockCache]:
    with closing(BlockCache(tmp_path, capacity=2)) as cache:
        yield cache


def test_a_stored_block_is_found(cache: BlockCache) -> None:
    cache.put(7, block(7))
    assert cache.get(7) == block(7)
    assert 7 in cache
    assert cache.get(8) is None


def test_the_least_recently_used_block_is_evicted(cache: BlockCache) -> None:
    cache.put(1, block(1))
    cache.put(2, block(2))
    cache.get(1)
    cache.put(3, block(3))
    assert (1 in cache, 2 in cache, 3 in cache) == (True, False, True)
    assert (cache.get(1), cache.get(3)) == (block(1), block(3))


def test_the_file_does_not_grow_beyond_its_capacity(cache: BlockCache) -> None:
    for number in range(10):
        cache.put(number, block(number))
    assert os.fstat(cache._file.fileno()).st_size == 2 * BLOCK


def test_storing_a_block_again_takes_no_more_space(cache: BlockCache) -> None:
    for _ in range(3):
        cache.put(1, block(1))
    cache.put(2, block(2))
    assert (cache.get(1), cache.get(2)) == (block(1), block(2))


def test_the_file_has_no_name_to_open(cache: BlockCache, tmp_path: Path) -> None:
    cache.put(1, block(1))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error(cache: BlockCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 5)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        cache.put(1, block(1))


@pytest.mark.parametrize(
    ("free", "blocks"),
    [(512 << 20, (384 << 20) // BLOCK), (80 << 30, (2 << 30) // BLOCK)],
)
def test_the_default_capacity_is_three_quarters_of_the_free_disk_and_2_gb_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, blocks: int
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    with closing(BlockCache(tmp_path)) as cache:
        assert cache.capacity == blocks


def test_too_little_free_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=20 << 20))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        BlockCache(tmp_path)
