"""Reads the elements of EBML, the format on which Matroska and WebM are built.

An element is an ID, a size and its content, which may be further elements. IDs and sizes have one
to eight bytes: the first bit that is set tells how many (https://www.rfc-editor.org/rfc/rfc8794).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.media.splice.windows import CutOff, Doubt

_MAX_ID, _MAX_SIZE = 4, 8
"""Bytes of the longest ID and of the longest size."""

MAX_INTEGER = 8
"""Bytes of the longest integer."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element at a position of a buffer, which may end before the element does."""

    kind: int
    """The ID, with its length marker, as the specification prints it."""
    begin: int
    """Position of the content."""
    size: int | None
    """Bytes of the content, `None` if the writer did not know them."""

    @property
    def end(self) -> int:
        """The position after the content. Raises `Doubt` if the size is unknown."""
        if self.size is None:
            raise Doubt
        return self.begin + self.size


def element_at(buffer: bytes, at: int) -> Element:
    """Read the header of the element at a position. Raises `Doubt` if there is none."""
    begin = at + _length(buffer, at, _MAX_ID)
    kind = int.from_bytes(buffer[at:begin])
    size, begin = number_at(buffer, begin)
    return Element(kind, begin, size)


def number_at(buffer: bytes, at: int) -> tuple[int | None, int]:
    """Return a number of variable length, `None` if all its bits are set, and its end."""
    length = _length(buffer, at, _MAX_SIZE)
    marker = 1 << 7 * length
    number = int.from_bytes(buffer[at : at + length]) - marker
    return (None if number == marker - 1 else number), at + length


def content_of(buffer: bytes, element: Element) -> bytes:
    """Return the whole content of an element. Raises `CutOff` if the buffer ends before it."""
    if element.end > len(buffer):
        raise CutOff
    return buffer[element.begin : element.end]


def integer_of(buffer: bytes, element: Element) -> int:
    """Return the unsigned integer that an element holds. Raises `Doubt` and `CutOff`."""
    content = content_of(buffer, element)
    if len(content) > MAX_INTEGER:
        raise Doubt
    return int.from_bytes(content)


def children_of(buffer: bytes, parent: Element, *, limit: int = 256) -> Iterator[Element]:
    """Yield the elements within one that the buffer holds whole. More than `limit` are doubtful."""
    content_of(buffer, parent)
    at = parent.begin
    for _ in range(limit):
        if at == parent.end:
            return
        child = element_at(buffer, at)
        if child.end > parent.end:
            raise Doubt
        yield child
        at = child.end
    if at < parent.end:
        raise Doubt


def _length(buffer: bytes, at: int, longest: int) -> int:
    """Return the length of the ID or size at a position. The buffer holds it whole."""
    if at >= len(buffer):
        raise CutOff
    length = 9 - buffer[at].bit_length()
    if length > longest:
        raise Doubt
    if at + length > len(buffer):
        raise CutOff
    return length
