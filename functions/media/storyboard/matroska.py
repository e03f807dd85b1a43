"""Finds the keyframes of a Matroska or WebM file in its cues, and writes a reel of them.

Cues tell the time of a keyframe, the cluster in which it stands, and often the place of its block
in the cluster (https://www.rfc-editor.org/rfc/rfc9559).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from functions.media.splice.boundary import Readable
from functions.media.splice.ebml import (
    MAX_INTEGER,
    Element,
    children_of,
    content_of,
    element_at,
    integer_of,
    number_at,
)
from functions.media.splice.windows import Doubt, look
from functions.media.storyboard.keyframe import ROUNDING_MS, Fetch, Keyframe

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TIMESTAMP_SCALE = 0x1549A966, 0x2AD7B1
_TRACKS, _TRACK, _TRACK_NUMBER, _TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
_TRACK_SCALE, _CODEC_DELAY = 0x23314F, 0x56AA
_CUES, _CUE, _CUE_TIME, _CUE_PLACES = 0x1C53BB6B, 0xBB, 0xB3, 0xB7
_CUE_TRACK, _CUE_CLUSTER, _CUE_IN_CLUSTER = 0xF7, 0xF1, 0xF0
_PLACES = (_CUE_TRACK, _CUE_CLUSTER, _CUE_IN_CLUSTER)
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_REFERENCE, _ADDITIONS = 0xFB, 0x75A1

_PICTURE = 1
_KEYFRAME, _LACING = 0x80, 0x06
_USUAL_SCALE_NS = 1_000_000
_NS = 1_000_000_000
_MAX_TOP = 64
_MAX_CUES, _MAX_CUE_BYTES = 20_000, 4 << 20
_MAX_SKIPPED = 64
"""Most blocks of sound to skip where cues do not tell the place in the cluster."""

_HEADER = 12
_FIRST = 48 << 10
"""Bytes of a cluster to fetch at first: most keyframes are shorter."""


@dataclass(frozen=True, slots=True)
class _MatroskaHead:
    """The elements before the first cluster."""

    ebml: bytes
    info: bytes
    """An element, with its header."""
    tracks: bytes
    """An element, with its header."""
    scale_ns: int
    number: int
    """The number of the picture's track."""
    segment: int
    """The position from which the file counts its own."""
    cues: int
    """The position of the cues."""


@dataclass(frozen=True, slots=True)
class MatroskaIndex:
    """The cues of a Matroska file. See `Index`."""

    head: _MatroskaHead
    size: int
    """The size of the file in bytes."""
    stream: int
    times_ms: Sequence[float]
    places: Sequence[tuple[int, int, int | None]]
    """Time in ticks, position of the cluster, and the block's place in the cluster's content."""

    def find(self, _fetch: Fetch, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first."""
        number = max(0, bisect_right(self.times_ms, at_ms + ROUNDING_MS) - 1)
        return Keyframe(round(self.times_ms[number]), number, 0)

    def load(self, fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return the frame of a keyframe's block."""
        ticks, position, place = self.places[keyframe.position]
        window = fetch(position, min(position + _FIRST, self.size))
        cluster = element_at(window, 0)
        if cluster.kind != _CLUSTER:
            raise Doubt
        begin_ticks = self._timestamp(window, cluster)
        at = self._find_block(window, cluster) if place is None else cluster.begin + place
        if at + _HEADER > len(window):
            start = position + at
            window, position, at = fetch(start, min(start + _FIRST, self.size)), start, 0
        element = element_at(window, at)
        if element.end > len(window):
            window += fetch(position + len(window), position + element.end)
        found_ticks, frame = self._frame(window, element)
        if begin_ticks + found_ticks != ticks:
            raise Doubt
        return frame

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return a Matroska file with a cluster for each keyframe, a second apart."""
        second = max(1, _NS // self.head.scale_ns)
        clusters = (
            _element(_CLUSTER, _integer_element(_TIMESTAMP, number * second), self._block(frame))
            for number, frame in enumerate(keyframes)
        )
        head = self.head
        segment = _SEGMENT.to_bytes(4) + b"\x01" + b"\xff" * 7
        return b"".join([head.ebml, segment, head.info, head.tracks, *clusters])

    def _block(self, frame: bytes) -> bytes:
        number = (self.head.number | 1 << 56).to_bytes(8)
        return _element(_SIMPLE_BLOCK, number, bytes(2), bytes([_KEYFRAME]), frame)

    def _timestamp(self, window: bytes, cluster: Element) -> int:
        for child in _walk(window, cluster.begin):
            if child.kind == _TIMESTAMP:
                return integer_of(window, child)
        raise Doubt

    def _find_block(self, window: bytes, cluster: Element) -> int:
        """Return the position of the picture's first block in a window."""
        at = cluster.begin
        for child in _walk(window, cluster.begin):
            block = child
            if child.kind == _BLOCK_GROUP:
                block = element_at(window, child.begin)
            is_block = block.kind in (_SIMPLE_BLOCK, _BLOCK)
            if is_block and number_at(window, block.begin)[0] == self.head.number:
                return at
            at = child.end
        raise Doubt

    def _frame(self, window: bytes, element: Element) -> tuple[int, bytes]:
        """Return time and content of a block. Raises `Doubt` unless it is one whole keyframe."""
        block, flag = element, _KEYFRAME
        if element.kind == _BLOCK_GROUP:
            parts = {child.kind: child for child in children_of(window, element)}
            if _BLOCK not in parts or _REFERENCE in parts or _ADDITIONS in parts:
                raise Doubt
            block, flag = parts[_BLOCK], 0
        elif element.kind != _SIMPLE_BLOCK:
            raise Doubt
        content = content_of(window, block)
        track, at = number_at(content, 0)
        if at + 3 > len(content) or track != self.head.number:
            raise Doubt
        flags = content[at + 2]
        if flags & _LACING or flags & flag != flag:
            raise Doubt
        return int.from_bytes(content[at : at + 2], signed=True), content[at + 3 :]


def open_index(source: Readable, stream: int) -> MatroskaIndex:
    """Read the cues of a track. Raises `Doubt`."""
    head = look(source, 0, lambda window: _parse_head(window, stream))
    if not head:
        raise Doubt
    begin = source.read(head.cues, head.cues + _HEADER)
    cues = element_at(begin, 0)
    if cues.kind != _CUES or cues.end > _MAX_CUE_BYTES:
        raise Doubt
    window = source.read(head.cues, head.cues + cues.end)
    places = sorted(_cues(window, cues, head), key=itemgetter(0))
    if not places:
        raise Doubt
    times_ms = [ticks * head.scale_ns / 1_000_000 for ticks, *_ in places]
    return MatroskaIndex(head, source.size, stream, times_ms, places)


def _cues(
    window: bytes, cues: Element, head: _MatroskaHead
) -> Iterator[tuple[int, int, int | None]]:
    """Yield time in ticks, position of the cluster and place in it, for the picture's cues."""
    for cue in children_of(window, cues, limit=_MAX_CUES):
        if cue.kind != _CUE:
            continue
        time: int | None = None
        for part in children_of(window, cue):
            if part.kind == _CUE_TIME:
                time = integer_of(window, part)
            elif part.kind == _CUE_PLACES and time is not None:
                parts = children_of(window, part)
                named = {one.kind: integer_of(window, one) for one in parts if one.kind in _PLACES}
                if named.get(_CUE_TRACK) == head.number and _CUE_CLUSTER in named:
                    yield time, head.segment + named[_CUE_CLUSTER], named.get(_CUE_IN_CLUSTER)


def _parse_head(window: bytes, stream: int) -> _MatroskaHead:
    ebml = element_at(window, 0)
    segment = element_at(window, ebml.end)
    if segment.kind != _SEGMENT:
        raise Doubt
    found: dict[int, Element] = {}
    starts: dict[int, int] = {}
    at = segment.begin
    for _ in range(_MAX_TOP):
        element = element_at(window, at)
        if element.kind == _CLUSTER:
            break
        if element.kind != _CUES:
            content_of(window, element)
        found.setdefault(element.kind, element)
        starts.setdefault(element.kind, at)
        at = element.end
    if _INFO not in found or _TRACKS not in found:
        raise Doubt
    cues = starts.get(_CUES)
    if cues is None:
        cues = segment.begin + _position_of_cues(window, found.get(_SEEK_HEAD))
    info, tracks = found[_INFO], found[_TRACKS]
    return _MatroskaHead(
        ebml=window[: ebml.end],
        info=window[starts[_INFO] : info.end],
        tracks=window[starts[_TRACKS] : tracks.end],
        scale_ns=_scale_ns(window, info),
        number=_number_of(window, tracks, stream),
        segment=segment.begin,
        cues=cues,
    )


def _position_of_cues(window: bytes, seek_head: Element | None) -> int:
    for seek in children_of(window, seek_head) if seek_head else ():
        if seek.kind != _SEEK:
            continue
        parts = {child.kind: child for child in children_of(window, seek)}
        target, position = parts.get(_SEEK_ID), parts.get(_SEEK_POSITION)
        if target and position and integer_of(window, target) == _CUES:
            return integer_of(window, position)
    raise Doubt


def _scale_ns(window: bytes, info: Element) -> int:
    for child in children_of(window, info):
        if child.kind == _TIMESTAMP_SCALE:
            scale_ns = integer_of(window, child)
            if not 0 < scale_ns <= _NS:
                raise Doubt
            return scale_ns
    return _USUAL_SCALE_NS


def _number_of(window: bytes, tracks: Element, stream: int) -> int:
    """Return the number of the track that is the stream with an index in ffmpeg."""
    entries = [one for one in children_of(window, tracks) if one.kind == _TRACK]
    if stream >= len(entries):
        raise Doubt
    parts = {child.kind: child for child in children_of(window, entries[stream])}
    if _TRACK_NUMBER not in parts or _TRACK_TYPE not in parts:
        raise Doubt
    is_usual = _TRACK_SCALE not in parts and _CODEC_DELAY not in parts
    if not is_usual or integer_of(window, parts[_TRACK_TYPE]) != _PICTURE:
        raise Doubt
    number = integer_of(window, parts[_TRACK_NUMBER])
    if not 0 < number < 1 << 32:
        raise Doubt
    return number


def _walk(window: bytes, at: int) -> Iterator[Element]:
    """Yield the elements of a cluster from a position on, also the last one, which may be cut."""
    for _ in range(_MAX_SKIPPED):
        element = element_at(window, at)
        yield element
        at = element.end
    raise Doubt


def _integer_element(kind: int, number: int) -> bytes:
    return _element(kind, number.to_bytes(MAX_INTEGER))


def _element(kind: int, *content: bytes) -> bytes:
    body = b"".join(content)
    id_ = kind.to_bytes(-(-kind.bit_length() // 8))
    return id_ + (len(body) | 1 << 56).to_bytes(8) + body
