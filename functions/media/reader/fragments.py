"""Recognizes a fragmented MP4 without an index, in which ffmpeg visits every fragment.

A file consists of boxes, each with a 32-bit size and a type of four letters. A `moof` box begins a
fragment, and a `sidx` box before it is the index of all fragments (ISO/IEC 14496-12).
"""

_HEADER = 8
_INDEX, _FRAGMENT = b"sidx", b"moof"


def is_unindexed(head: bytes) -> bool:
    """Tell from an object's first bytes whether it is a fragmented MP4 without an index."""
    if head[4:8] != b"ftyp":
        return False
    position = 0
    while position + _HEADER <= len(head):
        size = int.from_bytes(head[position : position + 4])
        kind = head[position + 4 : position + _HEADER]
        if kind in (_INDEX, _FRAGMENT):
            return kind == _FRAGMENT
        if size < _HEADER:
            return False  # the last box, or one of more than 4 GB
        position += size
    return False
