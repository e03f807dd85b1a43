"""Tells whether an MPEG transport stream consists of several recordings, one after another.

Their clocks do not continue each other, so ffmpeg finds neither the duration nor a moment by them.
"""

from itertools import pairwise

from functions.media.reader.source import OpenSource

_SHARES = (0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
"""Places of the samples. If the clock starts again between two of them, it is lower at the second:
that one is at most twice as far from the beginning."""

_SAMPLE = 64 << 10
"""Bytes of a sample: enough for a clock, which must come every 0.1 s (ISO/IEC 13818-1, D.0.9)."""

_SYNC = 0x47
_PACKETS = (188, 192, 204)
"""Sizes of a packet: plain, with a time before it, and with a checksum after it."""

_CLOCK_FIELD = 7
"""Smallest length, in bytes, of an adaptation field that has a clock."""

_CLOCK_HZ = 90_000
_JUMP = 10
"""Seconds, and factor of the usual pace, by which the clock proceeds at least in a jump."""


def is_joined(source: OpenSource) -> bool:
    """Tell from samples of the clock whether it jumps. A false alarm only costs time."""
    last = max(0, source.size - _SAMPLE)
    starts = [int(last * share) for share in _SHARES]
    clocks = [_clocks(source.read(at, at + _SAMPLE)) for at in starts]
    stream = next(iter(clocks[0]), None)
    known = [
        (at, found[stream]) for at, found in zip(starts, clocks, strict=True) if stream in found
    ]
    steps = [(to - at, later - earlier) for (at, earlier), (to, later) in pairwise(known)]
    paces = sorted(seconds / max(1, length) for length, seconds in steps)
    return any(
        seconds < 0 or seconds > _JUMP * max(1, length * paces[len(paces) // 2])
        for length, seconds in steps
    )


def _clocks(sample: bytes) -> dict[int, float]:
    """Return the first clock of each stream in a sample, in seconds."""
    found: dict[int, float] = {}
    start, size = _alignment(sample)
    for at in range(start, len(sample) - _PACKETS[0], size):
        has_field = sample[at] == _SYNC and sample[at + 3] & 0x20
        if has_field and sample[at + 4] >= _CLOCK_FIELD and sample[at + 5] & 0x10:
            stream = int.from_bytes(sample[at + 1 : at + 3]) & 0x1FFF
            clock = int.from_bytes(sample[at + 6 : at + 11]) >> 7
            found.setdefault(stream, clock / _CLOCK_HZ)
    return found


def _alignment(sample: bytes) -> tuple[int, int]:
    """Return the start of the first packet, and the size of all. Without any: the sample's end."""
    for start in range(min(_PACKETS[-1], len(sample))):
        for size in _PACKETS:
            if all(byte == _SYNC for byte in sample[start : start + 5 * size : size]):
                return start, size
    return len(sample), _PACKETS[0]
