"""Tells a fragmented MP4 without an index: ffmpeg visits every one of its fragments.

ISO/IEC 14496-12: a file is boxes, each a 32-bit size and a type of four letters; a `moof` begins
a fragment, and a `sidx` before it says where all of them are.
"""

_HEADER = 8
_INDEX, _FRAGMENT = b"sidx", b"moof"


def is_unindexed(head: bytes) -> bool:
    """Tell from an object's first bytes whether it is fragmented and no index comes first."""
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
