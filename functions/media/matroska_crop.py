"""Removes the cropping from a Matroska file that crops its whole picture away.

ffmpeg does not open such a file, and players ignore the cropping.
https://www.rfc-editor.org/rfc/rfc9559#name-pixelcropbottom-element
"""

import re

from functions.core.formats import EBML
from functions.media.reader.source import OpenSource

_HEAD = 256 << 10
_TRACKS = b"\x16\x54\xae\x6b"
_CLUSTER = b"\x1f\x43\xb6\x75"
_CROP = re.compile(rb"\x54[\xaa\xbb\xcc\xdd]([\x81-\x84])")
"""The four elements that crop an edge: their ID, and their size in one byte."""

_VOID = 0xEC
"""The ID, of one byte, of an element without a meaning."""

_REFUSED = "Invalid coded dimensions"


def is_refused(stderr: str) -> bool:
    """Tell from ffprobe's errors whether it does not open a file because of its cropping."""
    return _REFUSED in stderr


def remove(source: OpenSource) -> None:
    """Let `source` serve elements without a meaning in place of those that crop."""
    head = source.read(0, _HEAD)
    if not head.startswith(EBML):
        return
    begin = max(0, head.find(_TRACKS))
    end = head.find(_CLUSTER, begin)
    for crop in _CROP.finditer(head, begin, end if end > 0 else len(head)):
        # The void element is as long: its size takes the second byte, and counts one byte more.
        source.content.edit(crop.start(), bytes([_VOID, crop[1][0] + 1]))
