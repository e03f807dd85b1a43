"""Writes ASF files, packet by packet."""

import struct
from collections.abc import Sequence
from itertools import count
from uuid import UUID

_PACKET = 500
_PREROLL_MS = 3100
_HEADER, _FILE, _STREAM, _PICTURE, _DATA, _INDEX = (
    UUID(kind).bytes_le
    for kind in (
        "75B22630-668E-11CF-A6D9-00AA0062CE6C",
        "8CABDCA1-A947-11CF-8EE4-00C00C205365",
        "B7DC0791-A9B7-11CF-8EE6-00C00C205365",
        "BC19EFC0-5B4D-11CF-A8FD-00805F5C442B",
        "75B22636-668E-11CF-A6D9-00AA0062CE6C",
        "33000890-E5B1-11CF-89F4-00A0C90349CB",
    )
)
_BEFORE_PARTS, _BEFORE_CONTENT = 14, 17


class _Packets:
    """Packets of several parts each."""

    def __init__(self) -> None:
        self.full: list[bytes] = []
        self._parts: list[bytes] = []
        self._frames = count()

    def add(self, stream: int, time_ms: int, frame: bytes, *, key: bool = False) -> None:
        number, offset = next(self._frames) % 256, 0
        while offset < len(frame):
            room = _PACKET - _BEFORE_PARTS - len(b"".join(self._parts)) - _BEFORE_CONTENT
            if room <= 0:
                self.flush()
                continue
            piece = frame[offset : offset + room]
            head = (stream | key << 7, number, offset, 8, len(frame), time_ms, len(piece))
            self._parts.append(struct.pack("<BBIBIIH", *head) + piece)
            offset += len(piece)

    def flush(self) -> None:
        parts = b"".join(self._parts)
        padding = _PACKET - _BEFORE_PARTS - len(parts)
        head = struct.pack("<5BHIHB", 0x82, 0, 0, 0x11, 0x5D, padding, 0, 0, len(self._parts) | 128)
        self.full.append(head + parts + bytes(padding))
        self._parts = []


def film_in_asf(frames: Sequence[bytes], *, counts_preroll: bool = True) -> bytes:
    """Return a film of one keyframe a second, each after some sound and before another picture."""
    packets, begins = _Packets(), []
    for second, frame in enumerate(frames):
        at_ms = second * 1000 + _PREROLL_MS
        packets.add(2, at_ms, bytes(40), key=True)
        begins.append(len(packets.full))
        packets.add(1, at_ms, frame, key=True)
        packets.add(1, at_ms + 500, bytes(300))
    packets.flush()
    data = b"".join(packets.full)
    content = bytes(16) + struct.pack("<QH", len(packets.full), 0) + data
    header = _object(_HEADER, struct.pack("<IH", 3, 0), _file(), _stream(1), _stream(2))
    return header + _object(_DATA, content) + _simple_index(begins, counts_preroll=counts_preroll)


def _file() -> bytes:
    numbers = struct.pack("<7Q4I", 0, 0, 0, 0, 0, 0, _PREROLL_MS, 2, _PACKET, _PACKET, 0)
    return _object(_FILE, bytes(8), numbers)


def _stream(number: int) -> bytes:
    bitmap = struct.pack("<IiiHH4sI16x", 40, 64, 36, 1, 24, b"WMV2", 0)
    described = struct.pack("<IIBH", 64, 36, 2, len(bitmap)) + bitmap
    kind = _PICTURE if number == 1 else bytes(16)
    head = struct.pack("<QIIHI", 0, len(described), 0, number, 0)
    return _object(_STREAM, kind, bytes(16), head, described)


def _simple_index(begins: Sequence[int], *, counts_preroll: bool) -> bytes:
    """Return an index with an entry for each second."""
    entries = b""
    early_ms = _PREROLL_MS if counts_preroll else 0
    for second in range(len(begins) + 4):
        last = min(max(0, (second * 1000 - early_ms) // 1000), len(begins) - 1)
        entries += struct.pack("<IH", begins[last], 3)
    head = struct.pack("<QII", 10_000_000, 3, len(entries) // 6)
    return _object(_INDEX, bytes(16), head, entries)


def _object(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return kind + struct.pack("<Q", 24 + len(body)) + body
