"""Finds the boundary from which to decode a moment, by interpolation: times grow with offsets."""

from functions.media.splice.boundary import Boundary, Recording

_TRIES = 8
"""Most places to look at. Each may cost a round trip to storage."""

_NEAR = 3 << 19
"""Bytes between a boundary and the moment. To read them costs less than to look for a later one."""

_FAR = 16 << 20
"""Most bytes to read on from a boundary if all tries are used up."""

_BACK = 3 << 18
"""Bytes before the moment at which to look first, twice as many after each miss."""


def last_boundary(
    recording: Recording, moment_s: float, *, size: int, end_s: float
) -> Boundary | None:
    """Return a boundary at or shortly before a moment, in an object of `size` bytes.

    The object ends at about `end_s`. Before the first boundary it is that one. `None` means doubt:
    times do not grow, or the boundaries lie too far apart.
    """
    low = recording.next_boundary(recording.begin)
    if not low or not moment_s < end_s:
        return None
    if moment_s < low.time_s:
        return low
    high, misses, limit = Boundary(size, end_s), 0, size
    for _ in range(_TRIES):
        ahead = _bytes_until(moment_s, low, high)
        if ahead <= _NEAR:
            return low
        aim = min(low.offset + ahead, limit) - (_BACK << misses)
        offset = max(low.offset + 1, aim)
        found = recording.next_boundary(offset)
        if not found or not _is_between(low, found, high):
            return None
        if found.time_s <= moment_s:
            low = found
        elif offset == low.offset + 1:
            return low
        else:
            high, limit, misses = found, offset, misses + 1
    return low if limit - low.offset <= _FAR else None


def _bytes_until(moment_s: float, low: Boundary, high: Boundary) -> int:
    """Return the bytes from `low` to a moment, reckoned from the rate between two boundaries."""
    length_s = high.time_s - low.time_s
    share = (moment_s - low.time_s) / length_s if length_s > 0 else 0
    return int((high.offset - low.offset) * share)


def _is_between(low: Boundary, found: Boundary, high: Boundary) -> bool:
    ordered = low.offset < found.offset <= high.offset
    return ordered and low.time_s <= found.time_s <= high.time_s
