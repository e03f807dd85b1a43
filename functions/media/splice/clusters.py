"""Finds the boundaries of a Matroska or WebM recording: clusters that begin with a keyframe.

Browsers write such files, and recorders that crash leave them behind. The segment consists of
headers, which list the tracks, and of clusters of blocks. A cluster states its time, and each block
its track and its time in the cluster (https://www.rfc-editor.org/rfc/rfc9559).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from functions.core.formats import EBML
from functions.media.splice.boundary import Boundary, Hidden, Readable, Splice
from functions.media.splice.ebml import (
    Element,
    children_of,
    element_at,
    integer_of,
    number_at,
)
from functions.media.splice.windows import CutOff, Doubt, look

_MIN_FIRST_STRETCH, _MAX_FIRST_STRETCH = 256 << 10, 5_000_000
"""Bytes of the first clusters that a splice keeps.

The minimum has been read anyway. After the maximum ffmpeg, too, stops waiting for a track's first
block (its option `probesize`).
"""

_MAX_TRIES = 1000
"""Most places that look like a cluster to check in one window."""

_MAX_ELEMENTS = 50_000
"""Most elements to walk through in one window. A second of a recording has some hundreds."""

_MAX_IN_GROUP = 16
"""Most elements of a group: a block, what it refers to, its duration and the like."""

_MAX_BEFORE_TIMESTAMP = 8
"""Most elements of a cluster up to its time: a checksum, its position and the like."""

_TAILS = (256 << 10, 2 << 20, 16 << 20)
"""Bytes at the end in which to look for the last clusters: one may hold many seconds."""

_SEGMENT = 0x18538067
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TIMESTAMP_SCALE = 0x1549A966, 0x2AD7B1
_TRACKS, _TRACK, _CUES, _CLUSTER = 0x1654AE6B, 0xAE, 0x1C53BB6B, 0x1F43B675
_TRACK_NUMBER, _TRACK_TYPE, _TRACK_SCALE, _CODEC_DELAY = 0xD7, 0x83, 0x23314F, 0x56AA
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK, _REFERENCE = 0xE7, 0xA3, 0xA0, 0xA1, 0xFB
_VOID, _CHECKSUM = 0xEC, 0xBF
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_POSITION, _PREVIOUS_SIZE, _SILENT_TRACKS = 0xA7, 0xAB, 0x5854

_TOP = {_SEEK_HEAD, _INFO, _TRACKS, _CUES, _CLUSTER, _TAGS, _ATTACHMENTS, _CHAPTERS}
_IGNORED = {_VOID, _CHECKSUM, _POSITION, _PREVIOUS_SIZE, _SILENT_TRACKS}
_IN_CLUSTER = {_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, *_IGNORED}
_PICTURE, _SOUND = 1, 2
_KEYFRAME = 0x80

_NS = 1_000_000_000
_VOID_HEADER = 9
"""Bytes of the header of a Void element of any size."""


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    kind: int
    delay_ns: int


@dataclass(frozen=True, slots=True)
class _Block:
    track: int
    ticks: int
    """Its time, in units of the segment's timestamp scale."""
    is_keyframe: bool
    end: int
    """The position after it in the buffer."""


@dataclass(frozen=True, slots=True)
class _Clusters:
    """A recording, described by its head."""

    source: Readable
    begin: int
    """The position of the first cluster."""
    scale_ns: int
    picture: _Track
    played: frozenset[int]
    """The numbers of the tracks with picture and sound."""
    tracks: frozenset[int]
    """The numbers of all tracks."""

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first cluster at or after `offset` whose first picture is a keyframe."""
        start = max(offset, self.begin)
        found = look(self.source, start, self._first_boundary)
        return found and Boundary(start + found[0], self._seconds(found[1]))

    def end_s(self) -> float | None:
        """Return `None`: only ffprobe knows how long the last packet of every codec lasts."""
        return None

    def probed(self) -> Splice | None:
        """Return `None`: ffprobe reads the head and a few clusters."""
        return None

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:  # noqa: ARG002
        """Return a view with a Void element between the first clusters and the boundary."""
        first_stretch = look(self.source, self.begin, self._stretch_end)
        if first_stretch is None:
            return None
        start = self.begin + first_stretch
        size = boundary.offset - start - _VOID_HEADER
        if size < 0:
            return Splice(())
        cover = bytes([_VOID]) + (size | 1 << 56).to_bytes(8)
        return Splice((Hidden(start, boundary.offset, cover),))

    def _seconds(self, block: _Block) -> float:
        return (block.ticks * self.scale_ns - self.picture.delay_ns) / _NS

    def _first_boundary(self, window: bytes) -> tuple[int, _Block]:
        for at, first in self._candidates(window):
            if first and first.is_keyframe:
                return at, first
        raise CutOff

    def _candidates(self, window: bytes) -> Iterator[tuple[int, _Block | None]]:
        """Yield the position of every cluster, and its first picture if it has one."""
        at, steps = 0, iter(range(_MAX_ELEMENTS))
        for _ in range(_MAX_TRIES):
            at = window.find(_CLUSTER.to_bytes(4), at)
            if at < 0:
                return
            try:
                first = self._first_picture(window, at, steps)
                cluster = element_at(window, at)
            except Doubt:
                at += 1
                continue
            yield at, first
            at = cluster.begin if cluster.size is None else cluster.end

    def _first_picture(self, window: bytes, at: int, steps: Iterator[int]) -> _Block | None:
        """Return a cluster's first picture. Raises `Doubt` unless what follows it parses."""
        blocks = self._blocks(window, at, steps)
        for block in blocks:
            if block.track == self.picture.number:
                next(blocks, None)
                return block
        return None

    def _stretch_end(self, window: bytes) -> int:
        """Return the end of the clusters from which ffmpeg learns when every track begins."""
        at, missing, steps = 0, set(self.played), iter(range(_MAX_ELEMENTS))
        while at < _MIN_FIRST_STRETCH or (missing and at < _MAX_FIRST_STRETCH):
            element = element_at(window, at)
            if element.kind not in (_CLUSTER, *_IGNORED):
                raise Doubt
            end = element.end if element.size is not None else element.begin
            if element.kind == _CLUSTER:
                for block in self._blocks(window, at, steps):
                    missing.discard(block.track)
                    end = max(end, block.end)
            at = end
        return at

    def _blocks(self, window: bytes, at: int, steps: Iterator[int]) -> Iterator[_Block]:
        """Yield the blocks of the cluster at a position."""
        begin_ticks = None
        for child in _children_of_cluster(window, at, steps):
            if child.kind == _TIMESTAMP:
                begin_ticks = integer_of(window, child)
            elif child.kind not in _IGNORED:
                if begin_ticks is None:
                    raise Doubt
                yield self._block(window, child, begin_ticks)

    def _block(self, window: bytes, element: Element, begin_ticks: int) -> _Block:
        is_keyframe = None
        block = element
        if element.kind == _BLOCK_GROUP:
            parts = {
                child.kind: child for child in children_of(window, element, limit=_MAX_IN_GROUP)
            }
            if _BLOCK not in parts:
                raise Doubt
            block, is_keyframe = parts[_BLOCK], _REFERENCE not in parts
        track, at = number_at(window, block.begin)
        header = window[at : at + 3]
        if at + 3 > len(window):
            raise CutOff
        if at + 3 > block.end or track not in self.tracks:
            raise Doubt
        if is_keyframe is None:
            is_keyframe = bool(header[2] & _KEYFRAME)
        ticks = begin_ticks + int.from_bytes(header[:2], signed=True)
        return _Block(track, ticks, is_keyframe, element.end)


def open_recording(source: Readable) -> _Clusters | None:
    """Open a Matroska or WebM file without an index. `None` means another file, or doubt."""
    if source.read(0, len(EBML)) != EBML:
        return None
    return look(source, 0, lambda head: _parse_head(source, head))


def clips(source: Readable) -> Iterator[bytes]:
    """Yield short files that consist of a Matroska file's head and of ever more of its end."""
    if source.read(0, len(EBML)) != EBML:
        return
    begin = look(source, 0, _first_cluster)
    if begin is None:
        return
    for length in _TAILS:
        start = max(begin, source.size - length)
        tail = source.read(start, source.size)
        at = _find_cluster(tail)
        if at is not None:
            yield source.read(0, begin) + tail[at:]
        if start == begin:
            return


def _first_cluster(head: bytes) -> int:
    return next(at for at, element in _top(head) if element.kind == _CLUSTER)


def _find_cluster(tail: bytes) -> int | None:
    """Return the position of the first cluster whose first children parse."""
    at = -1
    for _ in range(_MAX_TRIES):
        at = tail.find(_CLUSTER.to_bytes(4), at + 1)
        if at < 0:
            return None
        with suppress(Doubt):
            children = _children_of_cluster(tail, at, iter(range(_MAX_ELEMENTS)))
            if any(child.kind == _TIMESTAMP for child in islice(children, _MAX_BEFORE_TIMESTAMP)):
                return at
    return None


def _top(head: bytes) -> Iterator[tuple[int, Element]]:
    """Yield the elements of the segment, and their positions. Raises `CutOff` at the end."""
    segment = element_at(head, element_at(head, 0).end)
    if segment.kind != _SEGMENT:
        raise Doubt
    at = segment.begin
    for _ in range(_MAX_ELEMENTS):
        element = element_at(head, at)
        yield at, element
        at = element.end
    raise Doubt


def _parse_head(source: Readable, head: bytes) -> _Clusters:
    scale_ns, begin = 1_000_000, None
    tracks: list[_Track] = []
    for at, element in _top(head):
        begin = at if begin is None else begin
        if element.kind == _CLUSTER:
            return _clusters(source, at, scale_ns, tracks)
        if element.kind == _INFO:
            scale_ns = _scale_ns(head, element)
        elif element.kind == _TRACKS:
            tracks = [_track(head, one) for one in children_of(head, element) if one.kind == _TRACK]
        elif element.kind == _CUES or (
            element.kind == _SEEK_HEAD and _has_index(source, head, element, begin)
        ):
            raise Doubt
    raise Doubt


def _clusters(source: Readable, begin: int, scale_ns: int, tracks: list[_Track]) -> _Clusters:
    pictures = [track for track in tracks if track.kind == _PICTURE]
    if len(pictures) != 1:
        raise Doubt  # which one is the main picture, only ffprobe tells
    played = frozenset(track.number for track in tracks if track.kind in (_PICTURE, _SOUND))
    return _Clusters(
        source, begin, scale_ns, pictures[0], played, frozenset(track.number for track in tracks)
    )


def _scale_ns(head: bytes, info: Element) -> int:
    for child in children_of(head, info):
        if child.kind == _TIMESTAMP_SCALE:
            scale_ns = integer_of(head, child)
            if not 0 < scale_ns <= _NS:
                raise Doubt
            return scale_ns
    return 1_000_000


def _track(head: bytes, entry: Element) -> _Track:
    parts = {child.kind: child for child in children_of(head, entry)}
    if _TRACK_NUMBER not in parts or _TRACK_TYPE not in parts or _TRACK_SCALE in parts:
        raise Doubt
    delay = parts.get(_CODEC_DELAY)
    return _Track(
        integer_of(head, parts[_TRACK_NUMBER]),
        integer_of(head, parts[_TRACK_TYPE]),
        integer_of(head, delay) if delay else 0,
    )


def _has_index(source: Readable, head: bytes, seek_head: Element, begin: int) -> bool:
    """Tell whether the segment, which begins at `begin`, refers to cues that the file holds."""
    for seek in children_of(head, seek_head):
        if seek.kind != _SEEK:
            continue
        parts = {child.kind: child for child in children_of(head, seek)}
        target, position = parts.get(_SEEK_ID), parts.get(_SEEK_POSITION)
        if target and position and integer_of(head, target) == _CUES:
            return begin + integer_of(head, position) < source.size
    return False


def _children_of_cluster(window: bytes, at: int, steps: Iterator[int]) -> Iterator[Element]:
    """Yield the children of the cluster at a position, up to the window's end.

    Each uses up one of the `steps`. Raises `Doubt` if none is left, or if another element follows
    the cluster than may stand there.
    """
    cluster = element_at(window, at)
    at = cluster.begin
    for _ in steps:
        ended = cluster.size is not None and at >= cluster.end
        if at == len(window):
            return
        child = element_at(window, at)
        if ended or (cluster.size is None and child.kind in _TOP):
            if child.kind not in _TOP | _IGNORED:
                raise Doubt
            return
        reaches_out = cluster.size is not None and child.end > cluster.end
        if child.kind not in _IN_CLUSTER or reaches_out:
            raise Doubt
        yield child
        at = child.end
    raise Doubt
