"""Locating ffmpeg, and reading it from disk ahead of time."""

import ctypes
import mmap
import os
import sys
import time
from pathlib import Path

import pytest

from functions.media.programs import ffmpeg_dir, read_ahead

_BYTES = 5_000_001


def test_the_programs_are_in_the_layer_by_default(tmp_path: Path) -> None:
    assert ffmpeg_dir({}) == Path("/opt/bin")
    assert ffmpeg_dir({"CLIPO_FFMPEG_DIR": str(tmp_path)}) == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it has read ahead")
def test_both_programs_are_read_completely(tmp_path: Path) -> None:
    programs = [tmp_path / "ffprobe", tmp_path / "ffmpeg"]
    for program in programs:
        program.write_bytes(os.urandom(_BYTES))
        forget(program)
    read_ahead(tmp_path)
    ends = time.monotonic() + 10
    while time.monotonic() < ends and sum(map(pages_in_memory, programs)) < 2 * pages():
        time.sleep(0.01)
    assert [pages_in_memory(program) for program in programs] == [pages()] * 2


def test_missing_programs_are_ignored(tmp_path: Path) -> None:
    read_ahead(tmp_path / "nothing")


def forget(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def pages() -> int:
    return -(-_BYTES // mmap.PAGESIZE)


def pages_in_memory(file: Path) -> int:
    """https://man7.org/linux/man-pages/man2/mincore.2.html"""
    resident = (ctypes.c_ubyte * pages())()
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
        address = (ctypes.c_char * _BYTES).from_buffer(mapped)
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(address)), _BYTES, resident)
        assert not failed, os.strerror(ctypes.get_errno())
        del address
        mapped.close()
    return sum(state & 1 for state in resident)
