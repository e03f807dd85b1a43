"""Reads the tags of FLV files.

Such a file is a sequence of tags: sound, picture or data. Each has a header of 11 bytes with its
kind, its size and its time in milliseconds. After it follows its whole size once more.
https://veovera.org/docs/enhanced/enhanced-rtmp-v2 describes the newer codecs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from functions.media.splice.windows import CutOff, Doubt

SIGNATURE = b"FLV\x01"
FILE_HEADER = 9
"""Bytes of the file's header. The size of the tag before the first one follows it."""

TAG_HEADER, TRAILER = 11, 4
"""Bytes of a tag before its content and after it."""

SOUND, PICTURE, SCRIPT = 8, 9, 18
"""Kinds of tags."""

TAG = re.compile(rb"(?=[\x08\x09\x12].{7}\x00\x00\x00)", re.DOTALL)
"""The header of a tag: the last three bytes, the number of its stream, are always 0."""

INDEX = b"keyframes"
"""Name of the list of keyframes in the metadata of an FLV file with an index."""

_MAX_TAGS = 50_000
"""Most tags to walk through. A second of a recording has about a hundred."""

_MAX_MS = 1 << 31

_MIN_CONTENT = 2
"""Bytes of the shortest content with a packet."""

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
class FlvTag:
    """One tag."""

    kind: int
    ms: int
    """The time at which to decode its content."""
    content: bytes
    begin: int
    end: int
    """The position after the size that follows it."""


@dataclass(frozen=True, slots=True)
class FlvPacket:
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


_NOTHING = FlvPacket(_END)


def tags_in(window: bytes, at: int) -> Iterator[FlvTag]:
    """Yield the tags from a position on."""
    for _ in range(_MAX_TAGS):
        tag = tag_at(window, at)
        yield tag
        at = tag.end
    raise Doubt


def tag_at(window: bytes, at: int) -> FlvTag:
    """Read the tag at a position. Raises `Doubt` unless its size and another tag follow it."""
    size = int.from_bytes(window[at + 1 : at + 4])
    end = at + TAG_HEADER + size + TRAILER
    if end + TAG_HEADER > len(window):
        raise CutOff
    if not TAG.match(window, at) or not TAG.match(window, end):
        raise Doubt
    if int.from_bytes(window[end - TRAILER : end]) != TAG_HEADER + size:
        raise Doubt
    ms = int.from_bytes(window[at + 7 : at + 8] + window[at + 4 : at + 7])
    if ms >= _MAX_MS:
        raise Doubt
    return FlvTag(window[at], ms, window[at + TAG_HEADER : end - TRAILER], at, end)


def packet_in(tag: FlvTag) -> FlvPacket:
    """Read the header of a tag's content. Raises `Doubt` at what only new readers know."""
    if tag.kind == SCRIPT or len(tag.content) < _MIN_CONTENT:
        return _NOTHING
    if tag.kind == SOUND:
        return FlvPacket(_sound_kind(tag.content))
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


def _picture(content: bytes) -> FlvPacket:
    frame_type, codec = content[0] >> 4, content[0] & 15
    if frame_type == _COMMAND:
        return _NOTHING
    if codec in _IN_ORDER:
        return FlvPacket(_FRAME, frame_type == _KEYFRAME)
    if codec not in _REORDERED or content[1] not in (_HEADER, _FRAME, _END):
        raise Doubt
    if content[1] != _FRAME:
        return FlvPacket(content[1])
    return FlvPacket(_FRAME, frame_type == _KEYFRAME, _offset_ms(content[2:5]))


def _newer_picture(content: bytes) -> FlvPacket:
    frame_type, kind, codec = content[0] >> 4 & 7, content[0] & 15, content[1:5]
    if frame_type == _COMMAND:
        return _NOTHING
    if kind not in (_HEADER, _FRAME, _END, _FRAME_IN_ORDER, _METADATA):
        raise Doubt
    is_keyframe = frame_type == _KEYFRAME and kind in (_FRAME, _FRAME_IN_ORDER)
    offset = content[5:8] if kind == _FRAME and codec in _NEWER_REORDERED else b""
    return FlvPacket(kind, is_keyframe, _offset_ms(offset))


def _offset_ms(field: bytes) -> int:
    """Return the time from decoding to showing. Raises `Doubt` if ffmpeg would doubt it."""
    offset_ms = int.from_bytes(field, signed=True)
    if not 0 <= offset_ms <= _MAX_OFFSET_MS:
        raise Doubt
    return offset_ms
