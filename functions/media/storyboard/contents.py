"""A content in memory, which ffmpeg reads from the loopback server."""

from dataclasses import dataclass

_PIECE = 256 << 10


@dataclass(frozen=True, slots=True)
class MemoryContent:
    """Bytes that Clipo wrote itself. See `reader.loopback.Content`."""

    content: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.content)

    def read(self, position: int) -> bytes:
        """Return some bytes from a position on, none at the end."""
        return self.content[position : position + _PIECE]
