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
"""ID and one-byte size of the four elements that crop an edge."""

_VOID = 0xEC
"""One-byte ID of the Void element, which readers skip."""

_REFUSED = "Invalid coded dimensions"


def is_refused(stderr: str) -> bool:
    """Tell from ffprobe's errors whether it does not open a file because of its cropping."""
    return _REFUSED in stderr


def remove(source: OpenSource) -> None:
    """Make `source` serve Void elements in place of those that crop."""
    head = source.read(0, _HEAD)
    if not head.startswith(EBML):
        return
    begin = max(0, head.find(_TRACKS))
    end = head.find(_CLUSTER, begin)
    for crop in _CROP.finditer(head, begin, end if end > 0 else len(head)):
        # Both are of the same length: Void's ID is a byte shorter, so its content is one longer.
        source.content.edit(crop.start(), bytes([_VOID, crop[1][0] + 1]))
