"""Keeps the blocks of one stored object that were read last."""

import errno
import os
import shutil
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryFile

from functions.adapters.storage import READ_BYTES

BLOCK = READ_BYTES
"""Bytes: little enough to be waited for, and enough for 2 GB to be few."""

_LEAST_BYTES, _MOST_BYTES = 24 << 20, 2 << 30
_SHARE = 3 / 4
"""Of what is free where temporary files are: 384 MB of the 512 MB that Lambda gives by default."""


class BlockCache:
    """A file of blocks, of which the longest unused give way. Not safe for threads by itself.

    On disk, so that memory does not grow with what is read. The file has no name: the children
    that work in the same directory cannot open it, and it is gone when it is closed.
    """

    def __init__(self, directory: Path, *, capacity: int | None = None) -> None:
        """Make an empty file in `directory` for so many blocks, or for as many as there is room.

        That is three quarters of the free disk, and at most 2 GB. Raises `OSError` where it is
        less than 24 MB.
        """
        self.capacity = capacity or _room(directory)
        self._file = TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 (`close` is ours)
        self._slots: OrderedDict[int, int] = OrderedDict()

    def __contains__(self, block: int) -> bool:
        return block in self._slots

    def get(self, block: int) -> bytes | None:
        """Return a block. After the object's last one there may be bytes of another."""
        slot = self._slots.get(block)
        if slot is None:
            return None
        self._slots.move_to_end(block)
        return os.pread(self._file.fileno(), BLOCK, slot * BLOCK)

    def put(self, block: int, content: bytes) -> None:
        """Keep a block. Raises `OSError` where the disk is full."""
        slot = self._slots.pop(block, None)
        if slot is None:
            full = len(self._slots) >= self.capacity
            slot = self._slots.popitem(last=False)[1] if full else len(self._slots)
        if os.pwrite(self._file.fileno(), content, slot * BLOCK) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._slots[block] = slot

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()


def _room(directory: Path) -> int:
    room = min(shutil.disk_usage(directory).free * _SHARE, _MOST_BYTES)
    if room < _LEAST_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory))
    return int(room) // BLOCK
