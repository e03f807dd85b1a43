"""Foresees which part of an object ffmpeg will seek, so that storage sends it sooner.

Without foresight ffmpeg asks for the picture's part only when ffprobe has ended and ffmpeg itself
has read the header: a round trip later. The index of MP4 and AVI files is among the first bytes
that arrive, and tells where the keyframe is. For any container a guess says that a tenth of the
duration is a tenth of the bytes. A wrong one costs one request.
"""

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress

from functions.media.position import PRE_ROLL_S, THUMBNAIL_SHARE
from functions.media.reader.block_cache import BLOCK
from functions.media.reader.ranged_object import RangedObject

_MAX_BOXES = 8
"""Most boxes of an MP4 file, or chunks of an AVI file, to look at for the index."""

_GUESSED = 1280 << 10
"""Bytes of a guess."""

_BEFORE_TENTH = 896 << 10
"""Bytes by which a guess begins before a tenth of the object, because the keyframe is earlier."""

_KEYFRAME = 0x10
"""The flag of a keyframe in an AVI file's index."""

_MALFORMED = (
    *(struct.error, StopIteration, LookupError, ValueError, ArithmeticError),
    *(RuntimeError, OSError),
)


def guess_picture(content: RangedObject) -> None:
    """Request the part of an object that holds the thumbnail's picture if its bit rate is even."""
    with suppress(RuntimeError):  # no thread is free
        content.guess(int(content.size * THUMBNAIL_SHARE) - _BEFORE_TENTH, _GUESSED)


def foresee(content: RangedObject, at_s: float | None = None) -> None:
    """Request the part of an object that ffmpeg will seek, if its index is on its way.

    `at_s` is the moment of the picture; `None` means the thumbnail's.
    """
    position = find_picture(content, at_s)
    if position is not None:
        with suppress(RuntimeError):  # no thread is free
            content.expect(position)


def find_picture(content: RangedObject, at_s: float | None = None) -> int | None:
    """Return the position from which ffmpeg reads the picture of a moment, `None` if in doubt.

    Without a moment it is the thumbnail's.
    """
    with suppress(*_MALFORMED):
        head = content.peek(0, 12)
        if head[4:8] == b"ftyp":
            return _in_mp4(content, at_s)
        if head[:4] == b"RIFF" and head[8:] == b"AVI ":
            # ffmpeg also reads the sound, which stands a little before the picture.
            return max(0, _in_avi(content, at_s) - BLOCK)
    return None


def _in_mp4(content: RangedObject, at_s: float | None) -> int:
    """Return the position of the keyframe from which an MP4 file's picture is decoded.

    ISO/IEC 14496-12, section 8.6 and 8.7.
    """
    index = _index_of_mp4(content)
    track = next(track for kind, track in _boxes(index) if kind == b"trak" and _is_picture(track))
    clock = _within(track, b"mdia", b"mdhd")
    table = dict(_boxes(_within(track, b"mdia", b"minf", b"stbl")))
    second, duration = (
        struct.unpack_from(">IQ", clock, 20) if clock[0] else struct.unpack_from(">II", clock, 12)
    )
    moment = duration * THUMBNAIL_SHARE if at_s is None else at_s * second
    sample = _sample_at(table[b"stts"], int(moment))
    if b"stss" in table:
        keyframes = _numbers(table[b"stss"][8:])
        sample = keyframes[max(0, bisect_right(keyframes, sample + 1) - 1)] - 1
    return _position_in_mp4(table, sample)


def _index_of_mp4(content: RangedObject) -> bytes:
    at = 0
    for _ in range(_MAX_BOXES):
        size, kind, large = struct.unpack(">I4sQ", content.peek(at, at + 16))
        size = large if size == 1 else size
        if kind == b"moov":
            return content.peek(at + 8, at + size)
        at += size
    raise ValueError("There is no index among the first boxes.")


def _is_picture(track: bytes) -> bool:
    return _within(track, b"mdia", b"hdlr")[8:12] == b"vide"


def _boxes(parent: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes in a box."""
    at = 0
    while at + 8 <= len(parent):
        size, kind = struct.unpack_from(">I4s", parent, at)
        if size < 8:  # noqa: PLR2004 (the box's header)
            return
        yield kind, parent[at + 8 : at + size]
        at += size


def _within(parent: bytes, *path: bytes) -> bytes:
    for kind in path:
        parent = dict(_boxes(parent))[kind]
    return parent


def _numbers(table: bytes, kind: str = "I") -> "array[int]":
    numbers = array(kind, table)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _sample_at(durations: bytes, time: int) -> int:
    """Return the index of the sample that is shown at a time, in units of the track's clock."""
    sample = 0
    runs: Iterator[tuple[int, int]] = struct.iter_unpack(">II", durations[8:])
    for count, duration in runs:
        if time < count * duration:
            return sample + time // duration
        time -= count * duration
        sample += count
    raise ValueError("The track is shorter than its duration.")


def _position_in_mp4(table: dict[bytes, bytes], sample: int) -> int:
    large = b"co64" in table
    chunks = _numbers(table[b"co64" if large else b"stco"][8:], "Q" if large else "I")
    runs: list[tuple[int, int, int]] = list(struct.iter_unpack(">III", table[b"stsc"][8:]))
    first = 0
    for (chunk, length, _), following in zip(
        runs, [*runs[1:], (len(chunks) + 1, 0, 0)], strict=True
    ):
        count = (following[0] - chunk) * length
        if sample < first + count:
            before, earlier = divmod(sample - first, length)
            return chunks[chunk + before - 1] + _bytes_of(table[b"stsz"], sample - earlier, sample)
        first += count
    raise ValueError("The sample is in no chunk.")


def _bytes_of(sizes: bytes, start: int, end: int) -> int:
    """Return the bytes of the samples from a start to an end (exclusive)."""
    (size,) = struct.unpack_from(">I", sizes, 4)
    return size * (end - start) if size else sum(_numbers(sizes[12 + 4 * start : 12 + 4 * end]))


def _in_avi(content: RangedObject, at_s: float | None) -> int:
    """Return the position of the keyframe from which an AVI file's picture is decoded.

    https://learn.microsoft.com/en-us/windows/win32/directshow/avi-riff-file-reference
    """
    (length,) = struct.unpack("<I", content.peek(16, 20))
    streams = content.peek(20, 20 + length).split(b"strh")[1:]
    number = next(n for n, stream in enumerate(streams) if stream[4:8] == b"vids")
    scale, rate, _, frames = struct.unpack_from("<4I", streams[number], 24)
    moment = frames * THUMBNAIL_SHARE if at_s is None else at_s * rate / scale
    frame = max(0, int(moment - PRE_ROLL_S["avi"] * rate / scale))
    movi, end = _samples_of_avi(content, 20 + length)
    return movi + _offset_in_avi(content.peek(end + 8, content.size), number, frame)


def _samples_of_avi(content: RangedObject, at: int) -> tuple[int, int]:
    """Return the positions from which the index counts, and of the index."""
    for _ in range(_MAX_BOXES):
        kind, size, form = struct.unpack("<4sI4s", content.peek(at, at + 12))
        at += 8
        if (kind, form) == (b"LIST", b"movi"):
            return at, at + size + size % 2
        at += size + size % 2
    raise ValueError("There are no samples among the first chunks.")


def _offset_in_avi(index: bytes, stream: int, frame: int) -> int:
    """Return the offset of the last keyframe that is not after a frame."""
    found, prefix = None, b"%02d" % stream
    entries: Iterator[tuple[bytes, int, int, int]] = struct.iter_unpack(
        "<2s2xIII", index[: len(index) // 16 * 16]
    )
    for chunk, flags, offset, _ in entries:
        if chunk == prefix:
            if flags & _KEYFRAME:
                found = offset
            frame -= 1
            if frame < 0 and found is not None:
                return found
    raise ValueError("The index does not contain the frame.")
