"""Reads an object through a splice."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from functions.media.reader.loopback import Content
from functions.media.splice.boundary import Splice

_ZEROS = bytes(64 << 10)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Successive bytes of a view: of the object from `at` on, or else a cover and zeros."""

    start: int
    end: int
    at: int | None
    cover: bytes = b""


class SplicedObject:
    """What a splice shows of an object. Hidden bytes are never read."""

    def __init__(self, content: Content, splice: Splice) -> None:
        self._content = content
        self._pieces = list(_pieces(content.size, splice))
        self._starts = [piece.start for piece in self._pieces]
        self.size = self._pieces[-1].end if self._pieces else 0

    def read(self, position: int) -> bytes:
        """Return some bytes from a position on, none at the end or if reading fails."""
        if position >= self.size:
            return b""
        piece = self._pieces[bisect_right(self._starts, position) - 1]
        offset, length = position - piece.start, piece.end - position
        if piece.at is not None:
            return self._content.read(piece.at + offset)[:length]
        return piece.cover[offset:] or _ZEROS[:length]


def _pieces(size: int, splice: Splice) -> Iterator[_Piece]:
    position = at = 0
    for hidden in splice.hidden:
        if at < hidden.start:
            yield _Piece(position, position + hidden.start - at, at)
            position += hidden.start - at
        length = hidden.end - hidden.start if splice.keeps_offsets else len(hidden.cover)
        if length:
            yield _Piece(position, position + length, None, hidden.cover)
        position, at = position + length, hidden.end
    if at < size:
        yield _Piece(position, position + size - at, at)
