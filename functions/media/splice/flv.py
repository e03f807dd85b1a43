"""Finds the boundaries of an FLV recording: the tags of keyframes.

The file is a sequence of tags: sound, picture or data. Each has a header of 11 bytes with its kind,
its size and its time in milliseconds. After it follows its whole size once more.
https://veovera.org/docs/enhanced/enhanced-rtmp-v2 describes the newer codecs.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from functions.media.splice.boundary import Boundary, Hidden, Readable, Splice
from functions.media.splice.windows import CutOff, Doubt, look

_SIGNATURE = b"FLV\x01"
_HEADER_SIZE, _TAG_HEADER, _SIZE = 9, 11, 4
_SOUND, _PICTURE, _SCRIPT = 8, 9, 18
_TAG = re.compile(rb"(?=[\x08\x09\x12].{7}\x00\x00\x00)", re.DOTALL)
"""The header of a tag: the last three bytes, the number of its stream, are always 0."""

_INDEX = b"keyframes"
"""Name of the list of keyframes in the metadata of an FLV file with an index."""

_MIN_FIRST_STRETCH, _MAX_FIRST_STRETCH = 256 << 10, 5_000_000
"""Bytes of the first tags that a splice keeps.

The minimum has been read anyway. After the maximum ffmpeg, too, stops waiting for the first sound
(its option `probesize`).
"""

_MAX_TRIES = 10_000
"""Most places that look like a tag to check in one window."""

_MAX_TAGS = 50_000
"""Most tags to walk through. A second of a recording has about a hundred."""

_MAX_MS = 1 << 31

_MIN_CONTENT = 2
"""Bytes of the shortest content with a packet."""

_HAS_SOUND = 4
"""Bit in the file's header."""

_NEWER = 0x80
"""Bit of a picture's first byte that marks the newer codecs, which a code of four letters names."""

_KEYFRAME, _COMMAND = 1, 5
"""Frame types in a picture's first byte."""

_REORDERED, _IN_ORDER = {7, 9}, {2, 3, 4, 5, 6}
"""Older codecs with and without B-frames: H.264 and MPEG-4; Sorenson, screen video and VP6."""

_NEWER_REORDERED = {b"avc1", b"hvc1", b"vvc1"}
_HEADER, _FRAME, _END, _FRAME_IN_ORDER, _METADATA = range(5)
"""Kinds of packets: the decoder's parameters, a frame, and so on."""

_MAX_OFFSET_MS = 15 * 60_000
"""Time from decoding to showing beyond which ffmpeg ignores the times of a picture."""

_AAC, _NEWER_SOUND = 10, 9
_CHANNELS = 4
"""Kind of packet that describes the channels of a newer sound."""


@dataclass(frozen=True, slots=True)
class _Tag:
    kind: int
    ms: int
    content: bytes
    begin: int
    end: int
    """The position after the size that follows it."""


@dataclass(frozen=True, slots=True)
class _Packet:
    """The content of a tag."""

    kind: int
    is_keyframe: bool = False
    offset_ms: int = 0
    """The time from decoding a picture to showing it."""

    @property
    def is_frame(self) -> bool:
        """Whether it is a picture or a piece of sound."""
        return self.kind in (_FRAME, _FRAME_IN_ORDER)

    @property
    def is_header(self) -> bool:
        """Whether it holds parameters of a decoder."""
        return self.kind in (_HEADER, _METADATA)


_NOTHING = _Packet(_END)


@dataclass(frozen=True, slots=True)
class _Tags:
    """A recording in tags."""

    source: Readable
    begin: int
    """The position of the first tag."""
    kinds: frozenset[int]
    """The kinds of its tags: picture, and perhaps sound."""
    headers: frozenset[bytes]
    """The parameters of the decoders that precede the first frames."""

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first tag of a keyframe at or after `offset`."""
        start = max(offset, self.begin)
        found = look(self.source, start, self._first_keyframe)
        return found and Boundary(start + found[0], found[1] / 1000)

    def end_s(self) -> float | None:
        """Return `None`: ffprobe takes the duration from the last tag, too."""
        return None

    def probed(self) -> Splice | None:
        """Return `None`: ffprobe reads the first tags and the last."""
        return None

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:  # noqa: ARG002
        """Return a view in which the boundary follows the first tags."""
        first_stretch = look(self.source, self.begin, self._stretch_end)
        if first_stretch is None:
            return None
        start = self.begin + first_stretch
        if boundary.offset <= start:
            return Splice(())
        return Splice((Hidden(start, boundary.offset),), keeps_offsets=False)

    def _first_keyframe(self, window: bytes) -> tuple[int, int]:
        """Return the position of the first keyframe, and the time of its picture.

        Raises `Doubt` if the decoders get other parameters in the middle of the file.
        """
        for tag in _tags(window, _first_tag(window)):
            packet = _packet(tag)
            if packet.is_header and tag.content not in self.headers:
                raise Doubt
            if packet.is_keyframe:
                return tag.begin, tag.ms + packet.offset_ms
        raise CutOff

    def _stretch_end(self, window: bytes) -> int:
        """Return the end of the tags from which ffmpeg learns when picture and sound begin."""
        missing = set(self.kinds)
        for tag in _tags(window, 0):
            if _packet(tag).is_frame:
                missing.discard(tag.kind)
            if tag.end >= _MIN_FIRST_STRETCH and (not missing or tag.end >= _MAX_FIRST_STRETCH):
                return tag.end
        raise CutOff


def open_recording(source: Readable) -> _Tags | None:
    """Open an FLV file without an index. `None` means another file, or doubt."""
    header = source.read(0, _HEADER_SIZE)
    if not header.startswith(_SIGNATURE) or len(header) < _HEADER_SIZE:
        return None
    begin = int.from_bytes(header[5:9]) + _SIZE
    kinds = {_PICTURE, _SOUND} if header[4] & _HAS_SOUND else {_PICTURE}
    headers = look(source, begin, partial(_headers, kinds))
    return _Tags(source, begin, frozenset(kinds), headers) if headers is not None else None


def _headers(kinds: set[int], window: bytes) -> frozenset[bytes]:
    """Return the decoders' parameters among the first tags. Raises `Doubt` at an index."""
    missing, headers = set(kinds), set()
    for tag in _tags(window, 0):
        if tag.kind == _SCRIPT and _INDEX in tag.content:
            raise Doubt
        packet = _packet(tag)
        if packet.is_header:
            headers.add(tag.content)
        if packet.is_frame:
            missing.discard(tag.kind)
        if not missing or tag.end >= _MAX_FIRST_STRETCH:
            return frozenset(headers)
    raise CutOff


def _first_tag(window: bytes) -> int:
    """Return the position of the first tag that another follows."""
    for found in islice(_TAG.finditer(window), _MAX_TRIES):
        with suppress(Doubt):
            return _tag_at(window, found.start()).begin
    raise CutOff


def _tags(window: bytes, at: int) -> Iterator[_Tag]:
    """Yield the tags from a position on."""
    for _ in range(_MAX_TAGS):
        tag = _tag_at(window, at)
        yield tag
        at = tag.end
    raise Doubt


def _tag_at(window: bytes, at: int) -> _Tag:
    """Read the tag at a position. Raises `Doubt` unless its size and another tag follow it."""
    size = int.from_bytes(window[at + 1 : at + 4])
    end = at + _TAG_HEADER + size + _SIZE
    if end + _TAG_HEADER > len(window):
        raise CutOff
    if not _TAG.match(window, at) or not _TAG.match(window, end):
        raise Doubt
    if int.from_bytes(window[end - _SIZE : end]) != _TAG_HEADER + size:
        raise Doubt
    ms = int.from_bytes(window[at + 7 : at + 8] + window[at + 4 : at + 7])
    if ms >= _MAX_MS:
        raise Doubt
    return _Tag(window[at], ms, window[at + _TAG_HEADER : end - _SIZE], at, end)


def _packet(tag: _Tag) -> _Packet:
    """Read the header of a tag's content. Raises `Doubt` at what only new readers know."""
    if tag.kind == _SCRIPT or len(tag.content) < _MIN_CONTENT:
        return _NOTHING
    if tag.kind == _SOUND:
        return _Packet(_sound_kind(tag.content))
    return _newer_picture(tag.content) if tag.content[0] & _NEWER else _picture(tag.content)


def _sound_kind(content: bytes) -> int:
    codec, kind = content[0] >> 4, content[0] & 15
    if codec == _AAC:
        return _FRAME if content[1] else _HEADER
    if codec != _NEWER_SOUND:
        return _FRAME
    if kind not in (_HEADER, _FRAME, _END, _METADATA):
        raise Doubt
    return kind


def _picture(content: bytes) -> _Packet:
    frame_type, codec = content[0] >> 4, content[0] & 15
    if frame_type == _COMMAND:
        return _NOTHING
    if codec in _IN_ORDER:
        return _Packet(_FRAME, frame_type == _KEYFRAME)
    if codec not in _REORDERED or content[1] not in (_HEADER, _FRAME, _END):
        raise Doubt
    if content[1] != _FRAME:
        return _Packet(content[1])
    return _Packet(_FRAME, frame_type == _KEYFRAME, _offset_ms(content[2:5]))


def _newer_picture(content: bytes) -> _Packet:
    frame_type, kind, codec = content[0] >> 4 & 7, content[0] & 15, content[1:5]
    if frame_type == _COMMAND:
        return _NOTHING
    if kind not in (_HEADER, _FRAME, _END, _FRAME_IN_ORDER, _METADATA):
        raise Doubt
    is_keyframe = frame_type == _KEYFRAME and kind in (_FRAME, _FRAME_IN_ORDER)
    offset = content[5:8] if kind == _FRAME and codec in _NEWER_REORDERED else b""
    return _Packet(kind, is_keyframe, _offset_ms(offset))


def _offset_ms(field: bytes) -> int:
    """Return the time from decoding to showing. Raises `Doubt` if ffmpeg would doubt it."""
    offset_ms = int.from_bytes(field, signed=True)
    if not 0 <= offset_ms <= _MAX_OFFSET_MS:
        raise Doubt
    return offset_ms
