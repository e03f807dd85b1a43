"""Keeps the blocks of one stored object that were read last."""

import errno
import os
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryFile

from shared.storage import READ_BYTES

BLOCK = READ_BYTES
"""Bytes: a reader waits for little, and there are few."""

_CAPACITY = (384 << 20) // BLOCK
"""Blocks: three quarters of the 512 MB that a Lambda function has in /tmp by default."""


class BlockCache:
    """A file of blocks, of which the longest unused give way. Not safe for threads by itself.

    On disk, so that memory does not grow with what is read. The file has no name: the children
    that work in the same directory cannot open it, and it is gone when it is closed.
    """

    def __init__(self, directory: Path, *, capacity: int = _CAPACITY) -> None:
        """Make an empty file in `directory` for up to `capacity` blocks."""
        self.capacity = capacity
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
