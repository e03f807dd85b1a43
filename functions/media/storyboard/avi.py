"""Finds the keyframes of an AVI file in its index, and writes a reel of them.

The index lists every chunk. The time of a picture is the number of pictures before it.
https://learn.microsoft.com/en-us/windows/win32/directshow/avi-riff-file-reference
"""

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from functions.media.splice.boundary import Readable
from functions.media.splice.windows import CutOff, Doubt, look
from functions.media.storyboard.avi_file import write_list
from functions.media.storyboard.keyframe import ROUNDING_MS, Fetch, Keyframe

_HEADER, _LIST_HEADER = 8, 12
_MAX_CHUNKS = 64
_MAX_INDEX = 32 << 20
_ENTRY = 16
_KEYFRAME = 0x10
_STREAM_HEADER = 48
_SLACK = 1 << 16
"""Bytes after the end that the file states: a later part of a large file is longer."""


@dataclass(frozen=True, slots=True)
class _AviHead:
    headers: bytes
    """The list of headers, with its own header."""
    prefix: bytes
    """The first two bytes of the picture's chunks: its number."""
    frame_ms: float
    movi: int
    """The position from which most indexes count."""
    index: int
    """The position of the index."""


@dataclass(frozen=True, slots=True)
class AviIndex:
    """The keyframes of an AVI file. See `Index`."""

    head: _AviHead
    stream: int
    times_ms: Sequence[float]
    positions: Sequence[int]
    """The position of each keyframe's chunk."""
    sizes: Sequence[int]
    """The size of each keyframe's chunk, without its header."""

    def find(self, _fetch: Fetch, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first."""
        number = max(0, bisect_right(self.times_ms, at_ms + ROUNDING_MS) - 1)
        return Keyframe(round(self.times_ms[number]), self.positions[number], self.sizes[number])

    def load(self, fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return the chunk of a keyframe, with its header."""
        chunk = fetch(keyframe.position, keyframe.position + _HEADER + keyframe.size)
        kind, size = struct.unpack_from("<4sI", chunk)
        if kind[:2] != self.head.prefix or kind[2:] not in _PICTURES or size != keyframe.size:
            raise Doubt
        return chunk + bytes(size % 2)

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return an AVI file of the keyframes alone, one after the other."""
        # The index of indexes would lead to positions in the original.
        headers = self.head.headers.replace(b"indx", b"JUNK")
        return write_list(b"RIFF", b"AVI ", headers, write_list(b"LIST", b"movi", *keyframes))


_PICTURES = {b"dc", b"db"}


def open_index(source: Readable, stream: int) -> AviIndex:
    """Read the index of a stream. Raises `Doubt`."""
    head = look(source, 0, lambda window: _parse_head(window, stream, source.size))
    if not head:
        raise Doubt
    kind, size = struct.unpack("<4sI", _exactly(source, head.index, _HEADER))
    if kind != b"idx1" or size > _MAX_INDEX:
        raise Doubt
    entries = array("I", _exactly(source, head.index + _HEADER, size // _ENTRY * _ENTRY))
    if sys.byteorder == "big":
        entries.byteswap()
    return _index(head, stream, entries)


def _index(head: _AviHead, stream: int, entries: "array[int]") -> AviIndex:
    if not entries:
        raise Doubt
    kinds = {int.from_bytes(head.prefix + kind, "little") for kind in _PICTURES}
    palette = int.from_bytes(head.prefix + b"pc", "little")
    # Some writers count positions from the beginning of the file.
    base = 0 if entries[2] > head.movi else head.movi
    times_ms, positions, sizes = array("d"), array("Q"), array("I")
    frame = 0
    for kind, flags, offset, size in zip(*(entries[at::4] for at in range(4)), strict=True):
        if kind in kinds:
            if flags & _KEYFRAME and size:
                times_ms.append(frame * head.frame_ms)
                positions.append(base + offset)
                sizes.append(size)
            frame += 1
        elif kind == palette:
            raise Doubt
    if not sizes:
        raise Doubt
    return AviIndex(head, stream, times_ms, positions, sizes)


def _parse_head(window: bytes, stream: int, size: int) -> _AviHead:
    kind, length, form = _list_header(window, 0)
    if (kind, form) != (b"RIFF", b"AVI ") or 8 + length + _SLACK < size:
        raise Doubt
    headers = b""
    for at, chunk, end in _chunks(window, _LIST_HEADER):
        if chunk == b"hdrl":
            if end > len(window):
                raise CutOff
            headers = window[at:end]
        elif chunk == b"movi":
            if not headers:
                raise Doubt
            prefix = b"%02d" % stream
            return _AviHead(headers, prefix, _frame_ms(headers, stream), at + _HEADER, end)
    raise Doubt


def _chunks(window: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield position, kind and end of successive chunks. The kind of a list is that of its form."""
    for _ in range(_MAX_CHUNKS):
        kind, length, form = _list_header(window, at)
        end = at + _HEADER + length + length % 2
        yield at, form if kind == b"LIST" else kind, end
        at = end


def _frame_ms(headers: bytes, stream: int) -> float:
    """Return how long a picture is shown."""
    streams = []
    at = _LIST_HEADER
    while at + _LIST_HEADER <= len(headers):
        kind, length, form = _list_header(headers, at)
        if (kind, form) == (b"LIST", b"strl"):
            streams.append(headers[at + _LIST_HEADER : at + _HEADER + length])
        at += _HEADER + length + length % 2
    header = streams[stream] if stream < len(streams) else b""
    if len(header) < _HEADER + _STREAM_HEADER or header[:4] != b"strh" or header[8:12] != b"vids":
        raise Doubt
    scale, rate, start = struct.unpack_from("<3I", header, _HEADER + 20)
    if not scale or not rate or start:
        raise Doubt
    return float(1000 * scale / rate)


def _list_header(window: bytes, at: int) -> tuple[bytes, int, bytes]:
    if at + _LIST_HEADER > len(window):
        raise CutOff
    kind, length, form = struct.unpack_from("<4sI4s", window, at)
    return kind, length, form


def _exactly(source: Readable, start: int, length: int) -> bytes:
    found = source.read(start, start + length)
    if len(found) != length:
        raise Doubt
    return found
