"""A stored object whose bytes are in memory, readable without a server."""

from functions.media.reader.ranged_object import RangedObject
from functions.media.reader.source import OpenSource


class MemoryObject(RangedObject):
    def __init__(
        self, content: bytes, *, piece: int = 1 << 20, readable: int | None = None
    ) -> None:
        self.content = content
        self.size = len(content)
        self.piece = piece
        self.readable = len(content) if readable is None else readable
        self.bytes_read = 0
        self.requests = 0

    def read(self, position: int) -> bytes:
        found = self.content[position : min(position + self.piece, self.readable)]
        self.bytes_read += len(found)
        self.requests += 1
        return found

    def request(self, start: int, end: int) -> None:
        """Everything is there."""


def in_memory(content: bytes, *, piece: int = 1 << 20) -> OpenSource:
    return OpenSource("nowhere", MemoryObject(content, piece=piece))
