"""Finds the fragments of an MP4 file that has no index of them.

Such a file is a `moov` box, which describes the tracks, and then fragments: each a `moof` box with
the times and sizes of samples, and an `mdat` box with the samples. ffmpeg visits every fragment.
So a splice shows the first, those around one moment, and the last: they tell when the file begins
and ends. A `free` box covers the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.media.splice.boundary import Boundary, Hidden, Readable, Splice
from functions.media.splice.boxes import Box, Samples, Track, box_at, samples, tracks
from functions.media.splice.windows import Doubt

_IN_HEAD = {b"ftyp", b"mdat", b"meta", b"pdin"}
_BETWEEN = {
    b"styp",
    b"sidx",
    b"ssix",
    b"emsg",
    b"prft",
    b"free",
    b"skip",
    b"wide",
    b"uuid",
    b"mfra",
}
_ANNOUNCING = (b"sidx", b"styp", b"emsg", b"prft", b"ssix")
_PLAYED = {b"vide", b"soun"}

_BOX_HEADER = 16
_WINDOW, _BLOCK = 128 << 10, 64 << 10
"""Bytes to read at a time, to search and otherwise."""

_MAX_HEAD_BOXES = 16
_MAX_BOXES = 30_000
"""Most boxes of one file to look at."""

_MAX_ANNOUNCING, _MAX_ANNOUNCEMENT = 16, 4096
"""Most boxes that announce one fragment, and the size of the largest of them in bytes."""

_MAX_PARSED, _MAX_PARSED_IN_ALL = 4 << 20, 32 << 20
"""Largest `moov` or `moof`, and most bytes of all that are parsed."""

_MAX_STRETCH = 16 << 20
"""Most bytes to search for a boundary."""

_MAX_SEARCHED = 128 << 20
"""Most bytes of one file to search for boundaries."""

_FIRST_STRETCH = 512 << 10
"""Bytes of the first fragments to show, if they contain picture and sound."""

_LAST = 192 << 10
_FETCHED, _MOST_FETCHED = 128, 7 << 18
"""Share of the file, and most bytes at its end, that are there without another request."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A `moof` box and the `mdat` box after it."""

    start: int
    end: int
    samples: tuple[Samples, ...]


def open_recording(source: Readable) -> "FragmentedMp4 | None":
    """Return a fragmented MP4 without an index. `None` if it is none, or means doubt."""
    boxes = _Boxes(source)
    try:
        begin, described = _head(boxes)
        return FragmentedMp4(boxes, begin, described) if described else None
    except Doubt:
        return None


class FragmentedMp4:
    """A fragmented MP4 file. See `Recording`."""

    def __init__(self, boxes: "_Boxes", begin: int, known: dict[int, Track]) -> None:
        """Read the first and the last fragments. Raises `Doubt` if the file is not understood."""
        self.begin = begin
        self._boxes = boxes
        self._known = known
        self._played = {track.id for track in known.values() if track.kind in _PLAYED}
        pictures = [track for track in known.values() if track.kind == b"vide"]
        if len(pictures) != 1:
            raise Doubt
        self._picture = pictures[0].id
        self._found: dict[int, Boundary] = {}
        """The first boundary after each position that was searched."""
        self._first_end = self._find_first_end()
        self._tail, self._end_s = self._find_tail()

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first fragment from `offset` on with a keyframe. See `Recording`."""
        try:
            return self._next_boundary(max(offset, self.begin))
        except Doubt:
            return None

    def end_s(self) -> float | None:
        """Return the end of the last fragment."""
        return self._end_s

    def probed(self) -> Splice | None:
        """Return the view of the first and the last fragments."""
        return self._view()

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:
        """Return the view of the fragments from a boundary on. See `Recording`."""
        try:
            end = boundary.offset
            for fragment in self._fragments(boundary.offset):
                end = fragment.end
                picture = self._of_picture(fragment)
                if picture and picture.last_s >= until_s:
                    break
        except Doubt:
            return None
        return self._view((boundary.offset, end))

    def _next_boundary(self, offset: int) -> Boundary | None:
        searched, known = min(
            ((start, found) for start, found in self._found.items() if found.offset >= offset),
            default=(offset + _MAX_STRETCH, None),
        )
        for candidate in self._boxes.find(b"moof", offset, searched):
            if self._is_believed(candidate):
                known = self._boundary_from(candidate)
                break
        if known:
            self._found[offset] = known
        return known

    def _boundary_from(self, believed: int) -> Boundary | None:
        """Return the first boundary in a chain of fragments."""
        for fragment in self._fragments(believed):
            picture = self._of_picture(fragment)
            if picture and picture.key_s is not None:
                return Boundary(fragment.start, picture.key_s)
            if fragment.end > believed + _MAX_STRETCH:
                break
        return None

    def _is_believed(self, candidate: int) -> bool:
        """Tell whether a fragment parses, and what follows it, too."""
        try:
            fragment = next(self._fragments(candidate), None)
            return bool(fragment and self._follows(fragment.end))
        except Doubt:
            return False

    def _follows(self, position: int) -> bool:
        if position == self._boxes.size:
            return True
        return self._boxes.at(position).kind in {b"moof", *_BETWEEN}

    def _of_picture(self, fragment: Fragment) -> Samples | None:
        return next((one for one in fragment.samples if one.track.id == self._picture), None)

    def _find_first_end(self) -> int:
        """Return the end of the first fragments of picture and sound."""
        missing = set(self._played)
        end = self.begin
        for fragment in self._fragments(self.begin):
            end = fragment.end
            missing -= {one.track.id for one in fragment.samples}
            length = end - self.begin
            if length >= _MAX_STRETCH or (not missing and length >= _FIRST_STRETCH):
                break
        return end

    def _find_tail(self) -> tuple[int, float]:
        """Return the beginning of the last fragments of picture and sound, and their end."""
        fetched = min(self._boxes.size // _FETCHED, _MOST_FETCHED)
        for length in (_LAST, fetched, 4 << 20, _MAX_STRETCH):
            start = max(self.begin, self._boxes.size - length)
            chains = map(self._up_to_the_end, self._boxes.find(b"moof", start, self._boxes.size))
            last = self._last_of(next(filter(None, chains), []))
            if last:
                ends = [one.end_s for fragment in last for one in fragment.samples if one.size]
                return self._boxes.with_index(last[0].start), max(ends)
        raise Doubt

    def _last_of(self, fragments: list[Fragment]) -> list[Fragment]:
        """Return the fragments from which on picture and sound end, none if one is missing.

        MediaRecorder stops with a fragment that names a track but has no sample of it.
        """
        ends: dict[int, tuple[float, int]] = {}
        for at, fragment in enumerate(fragments):
            for one in fragment.samples:
                if one.size:
                    ends[one.track.id] = max(ends.get(one.track.id, (0.0, 0)), (one.end_s, at))
        if self._played - ends.keys():
            return []
        return fragments[min(at for id_, (_, at) in ends.items() if id_ in self._played) :]

    def _up_to_the_end(self, candidate: int) -> list[Fragment]:
        try:
            return list(self._fragments(candidate))
        except Doubt:
            return []

    def _fragments(self, at: int) -> Iterator[Fragment]:
        """Yield the fragments from a position on, up to the end of the file."""
        moof: Box | None = None
        found: list[Samples] = []
        while at < self._boxes.size:
            box = self._boxes.at(at)
            if box.kind == b"moof" and not moof:
                moof, found = box, samples(self._boxes.content(box), at, self._known)
            elif box.kind == b"mdat" and moof:
                yield _fragment(moof, box, found)
                moof = None
            elif box.kind not in _BETWEEN:
                raise Doubt
            at = box.end

    def _view(self, *shown: tuple[int, int]) -> Splice | None:
        """Return the view of the first and last fragments, and of those in a range."""
        position, hidden = self._first_end, []
        for start, end in (*shown, (self._tail, self._boxes.size)):
            if start - position > _BOX_HEADER:
                size = start - position
                hidden.append(Hidden(position, start, (1).to_bytes(4) + b"free" + size.to_bytes(8)))
            position = max(position, end)
        return Splice(tuple(hidden)) if hidden else None


class _Boxes:
    """The boxes of a file, at any position. It looks at a limited number of them."""

    def __init__(self, source: Readable) -> None:
        self.size = source.size
        self._source = source
        self._left, self._searchable, self._parsable = _MAX_BOXES, _MAX_SEARCHED, _MAX_PARSED_IN_ALL
        self._start, self._window = 0, b""

    def at(self, position: int) -> Box:
        """Return the box at a position. Raises `Doubt` if there is none."""
        self._left -= 1
        self._check()
        header = self._read(position, min(position + _BOX_HEADER, self.size))
        return box_at(header, shift=position)

    def content(self, box: Box) -> bytes:
        """Return a box that is to be parsed."""
        if box.end - box.start > _MAX_PARSED or box.end > self.size:
            raise Doubt
        self._parsable -= box.end - box.start
        self._check()
        return self._read(box.start, box.end)

    def find(self, kind: bytes, start: int, end: int) -> Iterator[int]:
        """Yield the positions at which a box of a kind may begin, before `end`."""
        for window in range(start, min(end, self.size), _WINDOW):
            self._searchable -= _WINDOW
            content = self._source.read(window, window + _WINDOW + 7)
            at = content.find(kind, 4)
            while at >= 0:
                self._check()
                yield window + at - 4
                at = content.find(kind, at + 1)

    def with_index(self, moof: int) -> int:
        """Return where the boxes begin that announce a fragment: ffmpeg reads its end from them."""
        start = moof
        for _ in range(_MAX_ANNOUNCING):
            before = self._source.read(max(0, start - _MAX_ANNOUNCEMENT), start)
            shift = start - len(before)
            kinds = (before.rfind(kind) - 4 for kind in _ANNOUNCING)
            at = next((at for at in kinds if at >= 0 and _ends_at(start, before, at, shift)), None)
            if at is None:
                break
            start = shift + at
        return start

    def _check(self) -> None:
        """Raise `Doubt` if the work on this file has become too much."""
        if min(self._left, self._searchable, self._parsable) < 0:
            raise Doubt

    def _read(self, start: int, end: int) -> bytes:
        if not self._start <= start <= end <= self._start + len(self._window):
            # No more than that has arrived first.
            block_end = -(-end // _BLOCK) * _BLOCK
            self._start, self._window = start, self._source.read(start, block_end)
        content = self._window[start - self._start : end - self._start]
        if len(content) < end - start:
            raise Doubt
        return content


def _ends_at(end: int, content: bytes, at: int, shift: int) -> bool:
    return int.from_bytes(content[at : at + 4]) == end - shift - at


def _head(boxes: _Boxes) -> tuple[int, dict[int, Track]]:
    """Return the position of the first fragment and the tracks, none if there is an index."""
    at = 0
    found: dict[int, Track] = {}
    for _ in range(_MAX_HEAD_BOXES):
        box = boxes.at(at)
        if (at == 0) != (box.kind == b"ftyp"):
            break
        if box.kind == b"moof":
            return at, found
        if box.kind == b"moov" and _announces_fragments(boxes, box):
            found = tracks(boxes.content(box))
        elif box.kind not in _IN_HEAD | _BETWEEN or _is_index(boxes, box):
            break
        at = box.end
    return 0, {}


def _announces_fragments(boxes: _Boxes, moov: Box) -> bool:
    """Look for an `mvex` box, unless the file ends here. The rest may be large: it is an index."""
    at = moov.body
    while at < moov.end < boxes.size:
        box = boxes.at(at)
        if box.kind == b"mvex":
            return True
        at = box.end
    return False


def _is_index(boxes: _Boxes, box: Box) -> bool:
    """Tell whether a box is a `sidx` that lists more than one part of the file."""
    if box.kind != b"sidx":
        return False
    content = boxes.content(box)
    at = 38 if content[8:9] == b"\1" else 30
    return int.from_bytes(content[at : at + 2]) > 1


def _fragment(moof: Box, mdat: Box, found: list[Samples]) -> Fragment:
    """Return a fragment. Raises `Doubt` unless its samples are in its `mdat` box."""
    begin = min((one.begin for one in found if one.size), default=mdat.body)
    end = max((one.end for one in found if one.size), default=mdat.body)
    size = sum(one.size for one in found)
    if not (mdat.body <= begin and end <= mdat.end and size <= mdat.end - mdat.body):
        raise Doubt
    return Fragment(moof.start, mdat.end, tuple(found))
