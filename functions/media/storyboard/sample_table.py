"""Finds the keyframes of an MP4 or MOV file in the tables of its `moov` box.

https://www.iso.org/standard/83102.html (ISO/IEC 14496-12), sections 8.3 to 8.7
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from functions.media.splice.boundary import Readable
from functions.media.splice.boxes import Box, box_at
from functions.media.splice.windows import Doubt
from functions.media.storyboard.keyframe import ROUNDING_MS, Keyframe

_MAX_BOXES = 64
_MAX_MOOV = 32 << 20
"""Largest `moov` box to parse: that of about ten hours."""

_MAX_CHILDREN = 4096
_MAX_SAMPLES, _MAX_KEYFRAMES = 2_000_000, 500_000
_MAX_IN_CHUNK = 100_000
_MAX_SAMPLE = 32 << 20
_MAX_FTYP = 4096
_HEADER = 16
_USUAL_SPEED = 1 << 16


@dataclass(frozen=True, slots=True)
class SampleTrack:
    """The track of the picture."""

    ftyp: bytes
    """The first box of the file, with its header. Empty if there is none."""
    matrix: bytes
    """How to turn the movie."""
    tkhd: bytes
    """A box, with its header."""
    stsd: bytes
    """A box, with its header."""
    times_ms: Sequence[float]
    """The times of the keyframes, in order. Those before the beginning of the movie are missing."""
    samples: Sequence[int]
    """The number of each keyframe in the track, from 0."""
    table: "_Table"

    def keyframe(self, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first. May raise `Doubt`."""
        number = max(0, bisect_right(self.times_ms, at_ms + ROUNDING_MS) - 1)
        position, size = self.table.place(self.samples[number])
        return Keyframe(round(self.times_ms[number]), position, size)


def read_track(source: Readable, index: int) -> SampleTrack:
    """Return the track that is the stream with an index in ffmpeg. Raises `Doubt`."""
    ftyp, moov = _read_head(source)
    movie = _Parent(moov, box_at(moov))
    if movie.find(b"mvex"):
        raise Doubt
    traks = [box for box in movie if box.kind == b"trak"]
    if index >= len(traks):
        raise Doubt
    trak = _Parent(moov, traks[index])
    mdia = trak.parent(b"mdia")
    if mdia.content(b"hdlr")[8:12] != b"vide":
        raise Doubt
    minf = mdia.parent(b"minf")
    stbl = minf.parent(b"stbl")
    _check_in_one_file(minf.parent(b"dinf").content(b"dref"), stbl.content(b"stsd"))
    mvhd, mdhd = movie.content(b"mvhd"), mdia.content(b"mdhd")
    movie_scale, scale = _timescale(mvhd), _timescale(mdhd)
    begin, delay = _edit(trak)
    table = _Table.of(stbl)
    samples, times = _keyframes(stbl, table.count)
    start_ms = delay * 1000 / movie_scale
    shift_ms = start_ms - begin * 1000 / scale
    times_ms = array("d", (time * 1000 / scale + shift_ms for time in times))
    times_ms, samples = _sorted(times_ms, samples)
    first = bisect_left(times_ms, start_ms - ROUNDING_MS)
    if first == len(samples):
        raise Doubt
    return SampleTrack(
        ftyp=ftyp,
        matrix=mvhd[-64:-28],
        tkhd=trak.whole(b"tkhd"),
        stsd=stbl.whole(b"stsd"),
        times_ms=times_ms[first:],
        samples=samples[first:],
        table=table,
    )


@dataclass(frozen=True, slots=True)
class _Parent:
    """A box that contains boxes."""

    moov: bytes
    box: Box

    def __iter__(self) -> Iterator[Box]:
        at = self.box.body
        for _ in range(_MAX_CHILDREN):
            if at + 8 > self.box.end:
                return
            child = box_at(self.moov, at)
            if child.end > self.box.end:
                raise Doubt
            yield child
            at = child.end
        raise Doubt

    def find(self, kind: bytes) -> Box | None:
        return next((box for box in self if box.kind == kind), None)

    def one(self, kind: bytes) -> Box:
        found = self.find(kind)
        if not found:
            raise Doubt
        return found

    def parent(self, kind: bytes) -> "_Parent":
        return _Parent(self.moov, self.one(kind))

    def whole(self, kind: bytes) -> bytes:
        box = self.one(kind)
        return self.moov[box.start : box.end]

    def content(self, kind: bytes) -> bytes:
        box = self.one(kind)
        return self.moov[box.body : box.end]

    def numbers(
        self, kind: bytes, columns: int = 1, *, skip: int = 4, type_: str = "I"
    ) -> "array[int]":
        """Return the numbers of a table, whose count stands `skip` bytes after its beginning."""
        box, found = self.one(kind), array(type_)
        begin = box.body + skip + 4
        length = _number(self.moov[box.body : begin], skip) * columns * found.itemsize
        if begin + length > box.end:
            raise Doubt
        found.frombytes(memoryview(self.moov)[begin : begin + length])
        if sys.byteorder == "little":
            found.byteswap()
        return found


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the samples of a track stand."""

    count: int
    size: int
    """The size of all samples, 0 if they differ."""
    sizes: Sequence[int]
    chunks: Sequence[int]
    """The position of each chunk."""
    runs: "_Runs"

    @classmethod
    def of(cls, stbl: _Parent) -> "_Table":
        stsz = stbl.content(b"stsz")
        size, count = _number(stsz, 4), _number(stsz, 8)
        if not 0 < count <= _MAX_SAMPLES:
            raise Doubt
        sizes = array("I") if size else stbl.numbers(b"stsz", skip=8)
        large = stbl.find(b"co64")
        chunks = stbl.numbers(b"co64", type_="Q") if large else stbl.numbers(b"stco")
        return cls(count, size, sizes, chunks, _Runs.of(stbl.numbers(b"stsc", 3), len(chunks)))

    def place(self, sample: int) -> tuple[int, int]:
        """Return position and size of a sample. Raises `Doubt`."""
        runs = self.runs
        run = bisect_right(runs.samples, sample) - 1
        if run < 0:
            raise Doubt
        chunks, earlier = divmod(sample - runs.samples[run], runs.lengths[run])
        chunk = runs.chunks[run] - 1
        if chunk + chunks >= len(self.chunks) or earlier > _MAX_IN_CHUNK:
            raise Doubt
        size = self.size or self.sizes[sample]
        before = self.size * earlier or sum(self.sizes[sample - earlier : sample])
        if not 0 < size <= _MAX_SAMPLE:
            raise Doubt
        return self.chunks[chunk + chunks] + before, size


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of chunks of the same length."""

    samples: Sequence[int]
    """The first sample of each run."""
    chunks: Sequence[int]
    """The first chunk of each run, counted from 1."""
    lengths: Sequence[int]
    """The number of samples in each chunk of a run."""

    @classmethod
    def of(cls, stsc: "array[int]", chunks: int) -> "_Runs":
        begins, lengths = stsc[::3], stsc[1::3]
        ends = chain(begins[1:], [chunks + 1])
        samples, first = array("Q"), 0
        for begin, end, length in zip(begins, ends, lengths, strict=True):
            if not 1 <= begin <= end or not length:
                raise Doubt
            samples.append(first)
            first += (end - begin) * length
        return cls(samples, begins, lengths)


def _read_head(source: Readable) -> tuple[bytes, bytes]:
    """Return the boxes `ftyp`, if it is the first, and `moov`."""
    ftyp, at = b"", 0
    for _ in range(_MAX_BOXES):
        box = box_at(source.read(at, at + _HEADER), shift=at)
        if box.kind == b"ftyp" and not at:
            ftyp = source.read(0, box.end) if box.end <= _MAX_FTYP else b""
        if box.kind == b"moov":
            length = box.end - box.start
            moov = source.read(box.start, box.end) if length <= _MAX_MOOV else b""
            if len(moov) == length:
                return ftyp, moov
            break
        at = box.end
    raise Doubt


def _check_in_one_file(dref: bytes, stsd: bytes) -> None:
    """Raise `Doubt` if samples are elsewhere, or have several descriptions."""
    is_here = _number(dref, 4) == 1 and _number(dref, 12) == int.from_bytes(b"url ")
    if not (is_here and _number(dref, 16) & 1 and _number(stsd, 4) == 1):
        raise Doubt


def _timescale(header: bytes) -> int:
    scale = _number(header, 20 if header[:1] == b"\1" else 12)
    if not scale:
        raise Doubt
    return scale


def _edit(trak: _Parent) -> tuple[int, int]:
    """Return the time in the track with which it begins, and its delay in the movie's units.

    Raises `Doubt` if edits cut or slow down the track.
    """
    if not trak.find(b"edts"):
        return 0, 0
    edts = trak.parent(b"edts")
    if not edts.find(b"elst"):
        return 0, 0
    elst = edts.content(b"elst")
    wide = 8 if elst[:1] == b"\1" else 4
    begin = delay = 0
    for entry in range(_number(elst, 4)):
        at = 8 + entry * (2 * wide + 4)
        duration, time = (_number(elst, at + n * wide, wide) for n in (0, 1))
        is_empty = time == (1 << 8 * wide) - 1
        is_whole = _number(elst, at + 2 * wide) == _USUAL_SPEED
        if entry > bool(delay) or not is_whole or (is_empty and entry):
            raise Doubt
        begin, delay = (begin, duration) if is_empty else (time, delay)
    return begin, delay


def _keyframes(stbl: _Parent, count: int) -> tuple[Sequence[int], "array[float]"]:
    """Return number and time of the keyframes, in the track's units."""
    samples: Sequence[int] = range(count)
    if stbl.find(b"stss"):
        numbers = stbl.numbers(b"stss")
        ordered = all(a < b for a, b in pairwise(numbers))
        if not numbers or not ordered or numbers[0] < 1 or numbers[-1] > count:
            raise Doubt
        samples = array("I", (number - 1 for number in numbers))
    if len(samples) > _MAX_KEYFRAMES:
        raise Doubt
    times = _times(stbl.numbers(b"stts", 2), samples)
    if stbl.find(b"ctts"):
        _add_shifts(times, stbl.numbers(b"ctts", 2), samples)
    return samples, times


def _times(runs: "array[int]", samples: Sequence[int]) -> "array[float]":
    """Return when some samples are decoded. `runs` has pairs of a count and a duration."""
    found = array("d")
    first = begin = 0
    for count, duration in zip(runs[::2], runs[1::2], strict=True):
        while len(found) < len(samples) and samples[len(found)] < first + count:
            found.append(begin + (samples[len(found)] - first) * duration)
        first, begin = first + count, begin + count * duration
    if len(found) < len(samples):
        raise Doubt
    return found


def _add_shifts(times: "array[float]", runs: "array[int]", samples: Sequence[int]) -> None:
    """Add to the times of some samples. `runs` has pairs of a count and a signed value."""
    first = done = 0
    for count, value in zip(runs[::2], runs[1::2], strict=True):
        signed = value - (value >> 31 << 32)
        while done < len(samples) and samples[done] < first + count:
            times[done] += signed
            done += 1
        first += count
    if done < len(samples):
        raise Doubt


def _sorted(
    times_ms: "array[float]", samples: Sequence[int]
) -> tuple["array[float]", Sequence[int]]:
    """Return the times in order, each with its sample."""
    if all(a <= b for a, b in pairwise(times_ms)):
        return times_ms, samples
    order = sorted(range(len(samples)), key=times_ms.__getitem__)
    return array("d", (times_ms[at] for at in order)), array("I", (samples[at] for at in order))


def _number(content: bytes, at: int, length: int = 4) -> int:
    if at + length > len(content):
        raise Doubt
    return int.from_bytes(content[at : at + length])
