"""A cache on disk of the most recently read blocks of one stored object."""

import errno
import os
import shutil
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryFile

from functions.adapters.storage import READ_BYTES

BLOCK = READ_BYTES
"""Bytes of a block: small enough to arrive quickly, large enough that 2 GB have few of them."""

_MIN_BYTES, _MAX_BYTES = 24 << 20, 2 << 30
_SHARE = 3 / 4
"""The share of the free disk to use: 384 MB of the 512 MB that Lambda gives by default."""


class BlockCache:
    """A file of blocks that evicts the least recently used one. It is not thread-safe.

    It is on disk so that memory use does not grow. The file has no name: the child processes in
    the same directory cannot open it, and the system removes it when it is closed.
    """

    def __init__(self, directory: Path, *, capacity: int | None = None) -> None:
        """Create an empty file in `directory` for `capacity` blocks.

        The default is three quarters of the free disk, and at most 2 GB. Raises `OSError` if that
        is less than 24 MB.
        """
        self.capacity = capacity or _room(directory)
        self._file = TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 (`close` is ours)
        self._slots: OrderedDict[int, int] = OrderedDict()

    def __contains__(self, block: int) -> bool:
        return block in self._slots

    def get(self, block: int) -> bytes | None:
        """Return a block. Stale bytes may follow the end of the object's last, shorter block."""
        slot = self._slots.get(block)
        if slot is None:
            return None
        self._slots.move_to_end(block)
        return os.pread(self._file.fileno(), BLOCK, slot * BLOCK)

    def put(self, block: int, content: bytes) -> None:
        """Store a block. Raises `OSError` if the disk is full."""
        slot = self._slots.pop(block, None)
        if slot is None:
            full = len(self._slots) >= self.capacity
            slot = self._slots.popitem(last=False)[1] if full else len(self._slots)
        if os.pwrite(self._file.fileno(), content, slot * BLOCK) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._slots[block] = slot

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()


def _room(directory: Path) -> int:
    room = min(shutil.disk_usage(directory).free * _SHARE, _MAX_BYTES)
    if room < _MIN_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory))
    return int(room) // BLOCK
