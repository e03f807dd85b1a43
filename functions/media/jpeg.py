"""Reads the size of a complete JPEG, as ffmpeg's encoder writes it.

A JPEG is a sequence of segments, each with a marker and a length, and then the coded picture, which
lasts up to the end marker. https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B
"""

import re

_START = b"\xff\xd8"
_BASELINE, _SCAN = 0xC0, 0xDA
_TABLES_AND_TEXT = {0xC4, 0xDB, 0xDD, 0xE0, 0xE2, 0xFE}
"""Huffman and quantization tables, the restart interval, JFIF's header, an ICC profile (ffmpeg
copies the video's), and a comment."""

_MAX_SIDE = 10_000
_END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""A marker within or after the coded picture, other than those that restart the decoder."""


def size(jpeg: bytes) -> tuple[int, int] | None:
    """Return width and height, `None` unless this is a complete baseline JPEG and nothing else."""
    if not jpeg.startswith(_START):
        return None
    found, at = None, len(_START)
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:  # noqa: PLR2004 (it begins each marker)
        kind, end = jpeg[at + 1], at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if kind == _SCAN:
            marker = _MARKER.search(jpeg, end)
            return found if marker and jpeg[marker.start() :] == _END else None
        if kind == _BASELINE and not found:
            height, width = (int.from_bytes(jpeg[at + n : at + n + 2]) for n in (5, 7))
            found = width, height
            if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
                return None
        elif kind not in _TABLES_AND_TEXT:
            return None
        at = end
    return None
