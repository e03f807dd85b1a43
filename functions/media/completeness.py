"""Tells whether a file is truncated, for example by an interrupted upload or recording.

Containers state their length in the first bytes, so this reads little beyond what ffprobe has read.
"""

from collections.abc import Callable, Iterator

from functions.core.formats import EBML
from functions.media.reader.source import OpenSource

_BOX_HEADER = 8
"""Bytes of an MP4 box before its content."""

_MAX_BOXES = 8
"""Most boxes of an MP4 file to look at. Each may cost a request, and a file may have thousands."""

_INEXACT = 16
"""Largest error, in bytes, of the lengths that old writers state: some count the header, too."""

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_FLV_HEADER = 13
"""Bytes before the first tag of an FLV file."""

_SEGMENT = b"\x18\x53\x80\x67"


def is_truncated(source: OpenSource) -> bool:
    """Tell whether a file is shorter than its stated length. `False` if it states none."""
    head = source.read(0, 64)
    for signature, at, measure in _CONTAINERS:
        if head[at : at + len(signature)] == signature:
            return measure(source) > source.size + _INEXACT
    return False


def is_faststart(source: OpenSource) -> bool | None:
    """Tell whether an MP4 file's index stands before its samples. `None` if neither is found."""
    kinds = (kind for kind, _ in _boxes(source))
    first = next((kind for kind in kinds if kind in (b"moov", b"mdat")), None)
    return first == b"moov" if first else None


def _mp4_end(source: OpenSource) -> int:
    """Return the end of a truncated box of samples or indexes, 0 if none is."""
    for kind, end in _boxes(source):
        if end > source.size:
            return end if kind in (b"mdat", b"moov", b"moof") else 0
    return 0


def _boxes(source: OpenSource) -> Iterator[tuple[bytes, int]]:
    """Yield kind and end of an MP4 file's first boxes, up to the samples (ISO/IEC 14496-12)."""
    at = 0
    for _ in range(_MAX_BOXES):
        header = source.read(at, at + 16)
        size, kind = int.from_bytes(header[:4]), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:16])
        if size < _BOX_HEADER:
            return
        at += size
        yield kind, at
        if kind == b"mdat" or at > source.size:
            return  # data after complete samples is not worth another read


def _matroska_end(source: OpenSource) -> int:
    """Return the end of a Matroska file's segment, 0 if its size is unknown (RFC 8794)."""
    head = source.read(0, 4096)
    at = head.find(_SEGMENT) + len(_SEGMENT)
    if at < len(_SEGMENT) or at >= len(head) or not head[at]:
        return 0
    length = 9 - head[at].bit_length()
    size = int.from_bytes(head[at : at + length]) - (1 << 7 * length)
    unknown = (1 << 7 * length) - 1
    return 0 if size == unknown else at + length + size


def _avi_end(source: OpenSource) -> int:
    """Return the end of the first part of an AVI file. Large files have several parts."""
    return 8 + int.from_bytes(source.read(4, 8), "little")


def _asf_end(source: OpenSource) -> int:
    """Return the end of an ASF file's packets, 0 for a broadcast, which does not state it."""
    header = int.from_bytes(source.read(16, 24), "little")
    data = source.read(header, header + 24)
    return header + int.from_bytes(data[16:24], "little") if data[:16] == _ASF_DATA else 0


def _flv_end(source: OpenSource) -> int:
    """Return an end beyond the file if its last tag is cut off: each tag ends with its size."""
    first = _FLV_HEADER + _flv_tag(source, _FLV_HEADER)
    last = source.size - 4 - _number(source, source.size - 4, 4)
    if _number(source, first, 4) != first - _FLV_HEADER:
        return 0  # the writer did not note the sizes
    complete = last >= _FLV_HEADER and last + _flv_tag(source, last) == source.size - 4
    return source.size if complete else 2 * source.size


def _flv_tag(source: OpenSource, at: int) -> int:
    """Return the size in bytes of a tag and its header."""
    return 11 + _number(source, at + 1, 3)


def _number(source: OpenSource, at: int, length: int) -> int:
    return int.from_bytes(source.read(max(0, at), max(0, at) + length))


_CONTAINERS: list[tuple[bytes, int, Callable[[OpenSource], int]]] = [
    (b"ftyp", 4, _mp4_end),
    (EBML, 0, _matroska_end),
    (b"RIFF", 0, _avi_end),
    (_ASF_HEADER, 0, _asf_end),
    (b"FLV\x01", 0, _flv_end),
]
"""Signature and its offset, with the function that measures such a file."""
