"""Finds the keyframes of an FLV file in its metadata, and writes a reel of them.

The metadata of a file with an index lists the positions of the tags of keyframes, and their times.
These are the times of decoding: a tag states how much later its picture is shown.
"""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from functions.media.splice.boundary import Readable
from functions.media.splice.flv_tags import (
    FILE_HEADER,
    INDEX,
    PICTURE,
    SCRIPT,
    SIGNATURE,
    TAG_HEADER,
    TRAILER,
    FlvTag,
    packet_in,
    tag_at,
    tags_in,
)
from functions.media.splice.windows import CutOff, Doubt, look
from functions.media.storyboard.keyframe import ROUNDING_MS, Fetch, Keyframe

_FIRST = 48 << 10
"""Bytes to fetch at first: most keyframes are shorter."""

_TRIES = 3
"""Most keyframes to look at for a moment: the pictures of the later ones begin after it."""

_MAX_BEFORE = 8
"""Most tags before the keyframe: some indexes lead to the parameters of the decoder."""

_MAX_KEYFRAMES = 20_000
_NUMBER = 9
"""Bytes of a number in a list: its kind and its value."""

_PICTURE_ALONE = SIGNATURE + b"\x01" + FILE_HEADER.to_bytes(4) + bytes(TRAILER)


@dataclass(frozen=True, slots=True)
class FlvIndex:
    """The keyframes of an FLV file. See `Index`."""

    size: int
    """The size of the file in bytes."""
    parameters: bytes
    """The tags with the parameters of the picture's decoder."""
    times_ms: Sequence[float]
    positions: Sequence[float]
    stream: int = 0

    def find(self, fetch: Fetch, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first."""
        last = max(0, bisect_right(self.times_ms, at_ms + ROUNDING_MS) - 1)
        for number in range(last, max(-1, last - _TRIES), -1):
            keyframe = self._read(fetch, number)
            if keyframe.at_ms <= at_ms + ROUNDING_MS or not number:
                return keyframe
        raise Doubt

    def load(self, _fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return the tag of a keyframe, which is known."""
        return keyframe.content

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return an FLV file of the keyframes alone. They keep their times."""
        return b"".join([_PICTURE_ALONE, self.parameters, *keyframes])

    def _read(self, fetch: Fetch, number: int) -> Keyframe:
        position = int(self.positions[number])
        window = fetch(position, min(position + _FIRST, self.size))
        at = 0
        for _ in range(_MAX_BEFORE):
            length = int.from_bytes(window[at + 1 : at + 4])
            missing = at + 2 * TAG_HEADER + length + TRAILER - len(window)
            if missing > 0:
                end = position + len(window)
                window += fetch(end, end + missing)
            tag = tag_at(window, at)
            packet = packet_in(tag)
            if tag.kind == PICTURE and packet.is_keyframe:
                if abs(tag.ms - self.times_ms[number]) > 1:
                    raise Doubt
                return Keyframe(tag.ms + packet.offset_ms, content=_whole(window, tag))
            at = tag.end
        raise Doubt


def open_index(source: Readable, _stream: int) -> FlvIndex:
    """Read the list of keyframes. Raises `Doubt`."""
    header = source.read(0, FILE_HEADER)
    if not header.startswith(SIGNATURE) or len(header) < FILE_HEADER:
        raise Doubt
    begin = int.from_bytes(header[5:]) + TRAILER
    found = look(source, begin, _parse_head)
    if not found:
        raise Doubt
    index, parameters = found
    times_s, positions = (_list(index, name) for name in (b"times", b"filepositions"))
    is_ordered = all(a <= b for values in (times_s, positions) for a, b in pairwise(values))
    if not times_s or len(times_s) != len(positions) or not is_ordered:
        raise Doubt
    if not (times_s[0] >= 0 and begin <= positions[0] and positions[-1] < source.size):
        raise Doubt
    return FlvIndex(source.size, parameters, [1000 * time for time in times_s], positions)


def _parse_head(window: bytes) -> tuple[bytes, bytes]:
    """Return the metadata with the index, and the tags of the decoder's parameters."""
    index = parameters = b""
    for tag in tags_in(window, 0):
        if tag.kind == SCRIPT and INDEX in tag.content:
            index = tag.content
        elif tag.kind == PICTURE:
            packet = packet_in(tag)
            if packet.is_header:
                parameters += _whole(window, tag)
            elif packet.is_frame:
                return index, parameters
    raise CutOff


def _whole(window: bytes, tag: FlvTag) -> bytes:
    return window[tag.begin : tag.end]


def _list(metadata: bytes, name: bytes) -> list[float]:
    """Return the numbers of a list in the metadata, nothing if there is none.

    https://veovera.org/docs/legacy/amf0-file-format-spec.pdf
    """
    key = len(name).to_bytes(2) + name + b"\x0a"
    _, found, list_ = metadata.partition(key)
    count = int.from_bytes(list_[:4])
    numbers = list_[4 : 4 + _NUMBER * count]
    if not found or count > _MAX_KEYFRAMES or len(numbers) < _NUMBER * count:
        return []
    return [value for kind, value in struct.iter_unpack(">Bd", numbers) if not kind]
