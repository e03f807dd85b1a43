"""Writes AVI files of one picture stream, which ffmpeg decodes from the beginning to the end.

https://learn.microsoft.com/en-us/windows/win32/directshow/avi-riff-file-reference
"""

import struct
from collections.abc import Sequence

_SECOND_US = 1_000_000


def write_avi(bitmap: bytes, frames: Sequence[bytes]) -> bytes:
    """Return a file that shows each frame for a second.

    `bitmap` is a BITMAPINFOHEADER, perhaps with parameters of the decoder after it.
    """
    count, largest = len(frames), max(map(len, frames))
    sides, codec = bitmap[4:12], bitmap[16:20]
    main = struct.pack("<8I", _SECOND_US, largest, 0, 0, count, 0, 1, largest) + sides + bytes(16)
    stream = struct.pack("<4s4s12x6I12x", b"vids", codec, 1, 1, 0, count, largest, 0)
    streams = write_list(b"LIST", b"strl", _chunk(b"strh", stream), _chunk(b"strf", bitmap))
    headers = write_list(b"LIST", b"hdrl", _chunk(b"avih", main), streams)
    pictures = write_list(b"LIST", b"movi", *(_chunk(b"00dc", frame) for frame in frames))
    return write_list(b"RIFF", b"AVI ", headers, pictures)


def write_list(kind: bytes, form: bytes, *content: bytes) -> bytes:
    """Return a list of chunks."""
    body = form + b"".join(content)
    return kind + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
