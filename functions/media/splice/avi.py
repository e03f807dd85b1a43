"""Finds the boundaries of an AVI file without an index: the chunks of keyframes.

A recorder that crashes leaves such a file behind, and so does a truncated upload. The file is a
list of headers and then chunks, each with the number of its stream and its size. Nothing states a
time: the time of a picture is the number of pictures before it. So every chunk up to a boundary has
to be counted, but none of them decoded, as ffmpeg would.
https://learn.microsoft.com/windows/win32/directshow/avi-riff-file-reference
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from functions.media.splice.boundary import Boundary, Hidden, Readable, Splice
from functions.media.splice.windows import CutOff, Doubt, look

_MIN_WINDOW, _MAX_WINDOW = 512 << 10, 16 << 20
"""Bytes to read at a time: storage sends those of a large window side by side."""

_AFTER = 1 << 20
"""Bytes after a position that a search from there will read: ffmpeg decodes from them."""

_MAX_READ = 512 << 20
"""Most bytes of one file to read: some seconds of work that no child's time limit covers."""

_HEADER, _LIST_HEADER = 8, 12
"""Bytes of a chunk before its content, and of a list before its first chunk."""

_START = 4 << 10
"""Bytes at the beginning of a picture that tell whether it is a keyframe."""

_MAX_CHUNKS = 250_000
"""Most chunks of one file to count."""

_MAX_HEADERS = 1000
_MIN_STREAM_HEADER = 48
_PICTURE = re.compile(rb"(\d\d)d[bc]")
_OTHER = re.compile(rb"\d\d(?:wb|tx|pc)|JUNK|ix\d\d|idx1")
_LISTS = {b"rec ", b"movi", b"AVIX"}
_MPEG4 = {b"FMP4", b"MP4V", b"XVID", b"DIVX", b"DX50", b"M4S2"}
_MPEG4_PICTURE = b"\x00\x00\x01\xb6"
_ALL_KEYFRAMES = {b"MJPG", b"HFYU", b"FFVH", b"I420", b"YUY2", b"UYVY"}


@dataclass(frozen=True, slots=True)
class _Described:
    """What the headers say of the picture."""

    begin: int
    """The position of the first chunk."""
    number: int
    """The number of the picture's stream."""
    frame_s: float
    codec: bytes


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """The position after the chunk. Chunks begin at even positions."""
        return self.start + _HEADER + self.size + self.size % 2


class _Ahead:
    """Reads small parts of an object in ascending order, from a larger part."""

    def __init__(self, source: Readable) -> None:
        self.goal = 0
        """The position up to which all parts will be read."""
        self._source = source
        self._start, self._part = 0, b""
        self._left = _MAX_READ

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer at the object's end. Raises `Doubt` at the limit."""
        if not self._start <= start <= end <= self._start + len(self._part):
            window = min(max(_MIN_WINDOW, self.goal - start), _MAX_WINDOW)
            self._left -= window
            if self._left < 0:
                raise Doubt
            self._start, self._part = start, self._source.read(start, start + window)
        return self._part[start - self._start : end - self._start]


class _Chunks:
    """A recording in chunks."""

    def __init__(self, source: Readable, described: _Described) -> None:
        self.begin = described.begin
        self._ahead = _Ahead(source)
        self._described = described
        self._keyframes = self._find_keyframes()
        self._found: list[Boundary] = []

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first keyframe at or after `offset`, and count up to it."""
        self._ahead.goal = offset + _AFTER if offset > self.begin else 0
        while not self._found or self._found[-1].offset < offset:
            try:
                self._found.append(next(self._keyframes))
            except (Doubt, StopIteration):
                return None
        return self._found[bisect_left(self._found, offset, key=lambda one: one.offset)]

    def end_s(self) -> float | None:
        """Return `None`: only the whole file tells how many pictures it has."""
        return None

    def probed(self) -> Splice | None:
        """Return `None`: ffprobe reads the headers and a few chunks."""
        return None

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:  # noqa: ARG002
        """Return a view that begins with the boundary, and so does its time."""
        if boundary.offset == self.begin:
            return Splice(())
        hidden = Hidden(self.begin, boundary.offset)
        return Splice((hidden,), keeps_offsets=False, clock_s=boundary.time_s)

    def _find_keyframes(self) -> Iterator[Boundary]:
        count = 0
        for chunk in _chunks(self._ahead, self.begin):
            picture = _PICTURE.fullmatch(chunk.kind)
            if picture and int(picture[1]) == self._described.number:
                if self._is_keyframe(chunk):
                    yield Boundary(chunk.start, count * self._described.frame_s)
                count += 1

    def _is_keyframe(self, chunk: _Chunk) -> bool:
        """Tell whether a decoder can start with a picture."""
        codec = self._described.codec
        if codec in _ALL_KEYFRAMES:
            if not chunk.size:
                raise Doubt  # a dropped picture: ffmpeg miscounts these when it seeks
            return True
        start = chunk.start + _HEADER
        content = self._ahead.read(start, start + min(chunk.size, _START))
        at = content.find(_MPEG4_PICTURE) + len(_MPEG4_PICTURE)
        return len(_MPEG4_PICTURE) <= at < len(content) and content[at] >> 6 == 0


def open_recording(source: Readable) -> _Chunks | None:
    """Open an AVI file without an index. `None` means another file, or doubt."""
    signature = source.read(0, _LIST_HEADER)
    if signature[:4] != b"RIFF" or signature[8:] != b"AVI ":
        return None
    described = look(source, 0, lambda head: _describe(head, source.size))
    return _Chunks(source, described) if described else None


def _describe(head: bytes, size: int) -> _Described:
    """Read the headers. Raises `Doubt` if there is an index, or more than one picture."""
    pictures: list[tuple[int, float, bytes]] = []
    at, number = _LIST_HEADER, -1
    for _ in range(_MAX_HEADERS):
        chunk = _chunk_at(head, at, at)
        kind = head[at + _HEADER : at + _LIST_HEADER]
        at = chunk.end
        if chunk.kind == b"LIST" and kind == b"movi":
            if len(pictures) != 1 or (chunk.size and chunk.end < size):
                raise Doubt  # what follows the chunks may be an index
            return _Described(chunk.start + _LIST_HEADER, *pictures[0])
        if chunk.kind == b"LIST" and kind in (b"hdrl", b"strl"):
            at = chunk.start + _LIST_HEADER
        elif chunk.kind == b"indx":
            raise Doubt
        elif chunk.kind == b"strh":
            number += 1
            if kind not in (b"vids", b"auds", b"txts"):
                raise Doubt
            if kind == b"vids":
                pictures.append((number, *_picture(head, chunk)))
    raise Doubt


def _picture(head: bytes, chunk: _Chunk) -> tuple[float, bytes]:
    """Return how long a picture is shown, and its codec. Raises `Doubt` if it is not known."""
    content = head[chunk.start + _HEADER : chunk.end + _HEADER + 20]
    if len(content) < chunk.size + _HEADER + 20:
        raise CutOff
    codec = content[chunk.size + _HEADER + 16 :][:4].upper()
    scale, rate, begin = (int.from_bytes(content[at : at + 4], "little") for at in (20, 24, 28))
    if chunk.size < _MIN_STREAM_HEADER or not scale or not rate or begin:
        raise Doubt
    if codec not in _MPEG4 | _ALL_KEYFRAMES:
        raise Doubt
    return scale / rate, codec


def _chunks(ahead: _Ahead, at: int) -> Iterator[_Chunk]:
    """Yield the chunks from a position on, up to the end. Raises `Doubt` at anything else."""
    for _ in range(_MAX_CHUNKS):
        header = ahead.read(at, at + _LIST_HEADER)
        if len(header) < _LIST_HEADER:
            return
        chunk = _chunk_at(header, 0, at)
        if chunk.kind in (b"LIST", b"RIFF"):
            if header[_HEADER:] not in _LISTS:
                raise Doubt
            at += _LIST_HEADER
            continue
        if not _PICTURE.fullmatch(chunk.kind) and not _OTHER.fullmatch(chunk.kind):
            raise Doubt
        yield chunk
        at = chunk.end
    raise Doubt


def _chunk_at(buffer: bytes, at: int, start: int) -> _Chunk:
    """Read the header of a chunk in a buffer. The chunk begins at `start` in the object."""
    header = buffer[at : at + _HEADER]
    if len(header) < _HEADER:
        raise CutOff
    return _Chunk(header[:4], start, int.from_bytes(header[4:], "little"))
