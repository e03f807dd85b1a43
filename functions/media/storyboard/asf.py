"""Finds the keyframes of a WMV or ASF file in its simple index, and writes a reel of them.

The file consists of packets of one size, which hold parts of frames and of sound. The index names,
for every second or so, the packet in which the last keyframe before it begins. So a moment may get
a keyframe that is a second older than another, which the index does not name.
https://go.microsoft.com/fwlink/p/?linkid=31334 (Advanced Systems Format, sections 3 to 6)
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any
from uuid import UUID

from functions.media.splice.boundary import Readable
from functions.media.splice.windows import Doubt
from functions.media.storyboard.avi_file import write_avi
from functions.media.storyboard.keyframe import ROUNDING_MS, Fetch, Keyframe

_HEADER = UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_FILE = UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
_STREAM = UUID("B7DC0791-A9B7-11CF-8EE6-00C00C205365").bytes_le
_PICTURE = UUID("BC19EFC0-5B4D-11CF-A8FD-00805F5C442B").bytes_le
_DATA = UUID("75B22636-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_INDEX = UUID("33000890-E5B1-11CF-89F4-00A0C90349CB").bytes_le
"""The kinds of objects of which a file consists."""

_CODECS = {b"WMV1", b"WMV2", b"WMV3", b"WVC1", b"MP42", b"MP43", b"MP4S", b"M4S2"}
"""Codecs whose keyframes mean the same in an AVI file."""

_NUMBER, _IS_KEYFRAME = 0x7F, 0x80
"""Bits of a part's first byte: the number of its stream, and whether it is of a keyframe."""

_COUNT = 0x3F
"""Bits of the number of parts in a packet."""

_OBJECT = 24
"""Bytes of an object's kind and size."""

_BEFORE_PACKETS, _BEFORE_ENTRIES = 50, 56
"""Bytes of the data and of the index before the first packet and the first entry."""

_ENTRY = 6
_BITMAP, _BEFORE_BITMAP = 40, 11
_TICKS_IN_MS = 10_000
_MAX_HEADER = 4 << 20
_MAX_OBJECTS = 16
_MAX_ENTRIES = 100_000
"""Most entries of an index: those of a day."""

_MAX_KEYFRAME, _MAX_PARTS = 16 << 20, 5000
"""Most bytes and parts to read for one keyframe."""

_TRIES = 6
"""Most keyframes to look at for a moment. Some indexes count without the file's pre-roll."""


@dataclass(frozen=True, slots=True)
class _AsfHead:
    """What the header says."""

    number: int
    """The number of the picture's stream."""
    bitmap: bytes
    """The picture's BITMAPINFOHEADER, with the parameters of its decoder."""
    preroll_ms: int
    """The time in the packets at which the file begins."""
    packet: int
    """The size of a packet."""
    begin: int
    """The position of the first packet."""
    end: int
    """The position after the last packet."""


@dataclass(frozen=True, slots=True)
class AsfIndex:
    """The simple index of a WMV or ASF file. See `Index`."""

    head: _AsfHead
    interval_ms: float
    """The time between two entries."""
    entries: Sequence[int]
    """The number of the first entry that names each keyframe."""
    packets: Sequence[tuple[int, int]]
    """The number of the packet in which each keyframe begins, and how many more it fills."""
    stream: int = 0

    def find(self, fetch: Fetch, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first."""
        entry = ceil((at_ms + ROUNDING_MS + self.head.preroll_ms) / self.interval_ms)
        last = max(0, bisect_right(self.entries, entry) - 1)
        for number in range(last, max(-1, last - _TRIES), -1):
            keyframe = self._read(fetch, *self.packets[number])
            if keyframe.at_ms <= at_ms + ROUNDING_MS or not number:
                return keyframe
        raise Doubt

    def load(self, _fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return the frame of a keyframe, which is known."""
        return keyframe.content

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return an AVI file of the keyframes alone: it describes pictures in the same way."""
        return write_avi(self.head.bitmap, keyframes)

    def _read(self, fetch: Fetch, number: int, more: int) -> Keyframe:
        size = self.head.packet
        start = self.head.begin + number * size
        end = min(start + (1 + more) * size, self.head.end)
        if end - start > _MAX_KEYFRAME:
            raise Doubt
        window = fetch(start, end)
        packets = (window[at : at + size] for at in range(0, len(window), size))
        return _join((part for packet in packets for part in _parts(packet)), self.head)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a frame or of sound."""

    number: int
    """The number of its stream."""
    is_keyframe: bool
    frame: int
    """The number of its frame."""
    offset: int
    """Where it belongs in its frame."""
    stated: bytes
    """Size and time of its frame."""
    content: bytes

    @property
    def begins_keyframe(self) -> bool:
        """Whether it is the first part of a keyframe."""
        return self.is_keyframe and not self.offset


def open_index(source: Readable, stream: int) -> AsfIndex:
    """Read the simple index of a file with one picture. Raises `Doubt`."""
    head = _read_head(source, stream)
    at = head.end
    for _ in range(_MAX_OBJECTS):
        begin = source.read(at, at + _BEFORE_ENTRIES)
        kind, size = _unpack("<16sQ", begin)
        if kind == _INDEX:
            interval, count = _unpack("<Q4xI", begin, _OBJECT + 16)
            if not interval or not 0 < count <= _MAX_ENTRIES:
                raise Doubt
            start = at + _BEFORE_ENTRIES
            content = source.read(start, start + count * _ENTRY)
            return _index(head, interval / _TICKS_IN_MS, content[: len(content) // _ENTRY * _ENTRY])
        at += max(size, _OBJECT)
    raise Doubt


def _index(head: _AsfHead, interval_ms: float, content: bytes) -> AsfIndex:
    entries: list[int] = []
    packets: list[tuple[int, int]] = []
    for entry, packet in enumerate(struct.iter_unpack("<IH", content)):
        if not packets or packet[0] > packets[-1][0]:
            entries.append(entry)
            packets.append(packet)
        elif packet[0] < packets[-1][0]:
            raise Doubt
    if not packets:
        raise Doubt
    return AsfIndex(head, interval_ms, entries, packets)


def _read_head(source: Readable, stream: int) -> _AsfHead:
    kind, size = _unpack("<16sQ", source.read(0, _OBJECT))
    if kind != _HEADER or size > _MAX_HEADER:
        raise Doubt
    header = source.read(0, size + _OBJECT)
    kind, length = _unpack("<16sQ", header, size)
    end = size + length
    preroll_ms, packet, largest = _unpack("<56xQ4xII", _objects(header, _FILE)[0])
    streams = _objects(header, _STREAM)
    pictures = [one for one, content in enumerate(streams) if content[:16] == _PICTURE]
    if kind != _DATA or end > source.size or not packet or packet != largest:
        raise Doubt
    if pictures != [stream]:
        raise Doubt
    number, bitmap = _picture(streams[stream])
    return _AsfHead(number, bitmap, preroll_ms, packet, size + _BEFORE_PACKETS, end)


def _objects(header: bytes, kind: bytes) -> list[bytes]:
    """Return what follows the head of each object of a kind, in the order in which ffmpeg does."""
    return [part[8:] for part in header.split(kind)[1:]] or [b""]


def _picture(content: bytes) -> tuple[int, bytes]:
    """Return the number of a stream, and its BITMAPINFOHEADER."""
    (length,) = _unpack("<I", content, 40)
    (flags,) = _unpack("<H", content, 48)
    described = content[54 : 54 + length]
    (size,) = _unpack("<H", described, _BEFORE_BITMAP - 2)
    bitmap = described[_BEFORE_BITMAP : _BEFORE_BITMAP + size]
    if len(bitmap) < max(size, _BITMAP) or bitmap[16:20].upper() not in _CODECS:
        raise Doubt
    return flags & _NUMBER, bitmap


def _join(parts: Iterable[_Part], head: _AsfHead) -> Keyframe:
    """Return the first keyframe. Raises `Doubt` if it is not whole."""
    first: _Part | None = None
    content = bytearray()
    size = time_ms = 0
    for part in islice(parts, _MAX_PARTS):
        if part.number != head.number or not (first or part.begins_keyframe):
            continue
        if not first:
            first = part
            size, time_ms = _unpack("<II", part.stated)
        if part.frame != first.frame or part.offset != len(content):
            break
        content += part.content
        if len(content) == size:
            return Keyframe(time_ms - head.preroll_ms, content=bytes(content))
    raise Doubt


def _parts(packet: bytes) -> Iterator[_Part]:
    """Yield the parts in a packet."""
    fields = _Fields(packet)
    flags = fields.number(1)
    if flags & 0x80:
        fields.take(flags & 0x0F)
        flags = fields.number(1)
    lengths = fields.number(1)
    length = fields.sized(flags >> 5) or len(packet)
    fields.sized(flags >> 1)
    end = length - fields.sized(flags >> 3)
    fields.take(6)
    several = fields.number(1) if flags & 1 else 1  # the number of parts, and a kind of number
    for _ in range(several & _COUNT):
        first = fields.number(1)
        frame, offset = fields.sized(lengths >> 4), fields.sized(lengths >> 2)
        stated = fields.take(fields.sized(lengths))
        if len(stated) == 1:
            raise Doubt  # several short frames in one part
        content = fields.take(fields.sized(several >> 6) if flags & 1 else end - fields.at)
        is_keyframe = bool(first & _IS_KEYFRAME)
        yield _Part(first & _NUMBER, is_keyframe, frame, offset, stated, content)


class _Fields:
    """Reads numbers of one to four bytes, one after the other. Raises `Doubt` at the end."""

    _SIZES = (0, 1, 2, 4)

    def __init__(self, content: bytes) -> None:
        self.at = 0
        self._content = content

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def sized(self, kind: int) -> int:
        """Return a number whose size two bits tell."""
        return self.number(self._SIZES[kind & 3])

    def take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if size < 0 or self.at > len(self._content):
            raise Doubt
        return self._content[start : self.at]


def _unpack(form: str, content: bytes, at: int = 0) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, content, at)
    except struct.error as error:
        raise Doubt from error
