"""The keyframes of MP4 files whose tables Hypothesis writes, and damages."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.media.splice.windows import Doubt
from functions.media.storyboard import sample_table
from functions.media.storyboard.keyframe import Keyframe
from functions.media.storyboard.sample_table import SampleTrack, read_track
from tests.fragmented import box

_SCALE, _MOVIE_SCALE = 600, 1000


@dataclass(frozen=True)
class Stored:
    """The bytes of a file, as an object in storage."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, start: int, end: int) -> bytes:
        return self.content[start:end]


@dataclass(frozen=True)
class Film:
    """The samples of a film: their sizes, durations, delays of their presentation, and chunks."""

    sizes: list[int]
    durations: list[int]
    shifts: list[int]
    keys: list[int]
    """The numbers of the keyframes."""
    chunks: list[int]
    """The number of samples in each chunk."""
    delay: int = 0
    begin: int = 0
    wide: bool = False

    @property
    def times_ms(self) -> list[float]:
        starts = accumulate(self.durations, initial=0)
        shown = [at + shift - self.begin for at, shift in zip(starts, self.shifts, strict=False)]
        return [self.delay * 1000 / _MOVIE_SCALE + at * 1000 / _SCALE for at in shown]

    def positions(self) -> list[int]:
        """Return where the samples stand: after `ftyp` and the header of `mdat`, 3 bytes apart."""
        position, found, samples = 24, [], iter(self.sizes)
        for length in self.chunks:
            position += 3
            for _ in range(length):
                found.append(position)
                position += next(samples)
        return found

    def content(self) -> bytes:
        positions = self.positions()
        mdat = bytearray(positions[-1] + self.sizes[-1] - 24)
        for number, at in enumerate(positions):
            mdat[at - 24] = number % 256
        return box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", bytes(mdat)) + self.moov()

    def moov(self, first: bytes = b"") -> bytes:
        mvhd = box(b"mvhd", bytes(12), _MOVIE_SCALE.to_bytes(4), bytes(84))
        entries = [(self.delay, 0xFFFFFFFF)] * bool(self.delay) + [(0, self.begin)]
        edits = [a.to_bytes(4) + b.to_bytes(4) + b"\0\1\0\0" for a, b in entries]
        edts = box(b"edts", _table(b"elst", len(edits), *edits))
        mdhd = box(b"mdhd", bytes(12), _SCALE.to_bytes(4), bytes(8))
        dref = _table(b"dref", 1, box(b"url ", b"\0\0\0\1"))
        minf = box(b"minf", box(b"dinf", dref), self._stbl())
        mdia = box(b"mdia", mdhd, box(b"hdlr", bytes(8), b"vide", bytes(13)), minf)
        return box(b"moov", first, mvhd, box(b"trak", box(b"tkhd", bytes(84)), edts, mdia))

    def _stbl(self) -> bytes:
        firsts = list(accumulate(self.chunks, initial=0))[:-1]
        starts = [self.positions()[first] for first in firsts]
        runs = [(1 + at, length, 1) for at, length in enumerate(self.chunks)]
        return box(
            b"stbl",
            _table(b"stsd", 1, box(b"avc1", bytes(78))),
            _table(b"stts", len(self.durations), *((1, one) for one in self.durations)),
            _table(b"ctts", len(self.shifts), *((1, one) for one in self.shifts)),
            _table(b"stss", len(self.keys), *((1 + key,) for key in self.keys)),
            _table(b"stsc", len(runs), *runs),
            box(b"stsz", bytes(8), _numbers(len(self.sizes), *self.sizes)),
            _table(
                b"co64" if self.wide else b"stco",
                len(starts),
                *(start.to_bytes(8 if self.wide else 4) for start in starts),
            ),
        )


def _table(kind: bytes, count: int, *entries: bytes | tuple[int, ...]) -> bytes:
    rows = [entry if isinstance(entry, bytes) else _numbers(*entry) for entry in entries]
    return box(kind, bytes(4), count.to_bytes(4), *rows)


def _numbers(*numbers: int) -> bytes:
    return b"".join((number % (1 << 32)).to_bytes(4) for number in numbers)


def test_more_keyframes_than_fit_into_memory_are_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    film = Film([5] * 9, [20] * 9, [0] * 9, keys=list(range(9)), chunks=[9])
    assert read_track(Stored(film.content()), 0)
    monkeypatch.setattr(sample_table, "_MAX_KEYFRAMES", 8)
    with pytest.raises(Doubt):
        read_track(Stored(film.content()), 0)


@st.composite
def films(draw: st.DrawFn) -> Film:
    chunks = draw(st.lists(st.integers(1, 5), min_size=1, max_size=8))
    count = sum(chunks)

    def each(values: st.SearchStrategy[int]) -> list[int]:
        return draw(st.lists(values, min_size=count, max_size=count))

    keys = draw(st.sets(st.integers(0, count - 1), min_size=1))
    return Film(
        sizes=each(st.integers(1, 50)),
        durations=each(st.integers(20, 60)),
        shifts=each(st.integers(-20, 60)),
        keys=sorted(keys),
        chunks=chunks,
        delay=draw(st.sampled_from([0, 0, 40, 2000])),
        begin=draw(st.sampled_from([0, 0, 20, 300])),
        wide=draw(st.booleans()),
    )


def keyframe_at(content: bytes, at_ms: float) -> tuple[SampleTrack, Keyframe]:
    track = read_track(Stored(content), 0)
    return track, track.keyframe(round(at_ms))


@given(films(), st.floats(0, 3000))
def test_the_keyframe_of_a_moment_is_the_last_one_that_is_shown_by_then(
    film: Film, at_ms: float
) -> None:
    at_ms = round(at_ms)
    delay_ms = film.delay * 1000 / _MOVIE_SCALE
    shown = [(film.times_ms[key], key) for key in film.keys if film.times_ms[key] >= delay_ms - 0.5]
    if not shown:
        with pytest.raises(Doubt):
            keyframe_at(film.content(), at_ms)
        return
    due = [one for one in shown if one[0] <= at_ms + 0.5]
    time_ms, key = max(due, default=min(shown))
    _, found = keyframe_at(film.content(), at_ms)
    assert found == Keyframe(round(time_ms), film.positions()[key], film.sizes[key])


@given(films(), st.integers(0), st.binary(min_size=1, max_size=8), st.sampled_from([0, 1]))
def test_damaged_tables_raise_doubt_alone(film: Film, place: int, damage: bytes, cut: int) -> None:
    content = bytearray(film.content())
    moov = content.index(b"moov") - 4
    at = moov + place % (len(content) - moov)
    content[at : at + len(damage)] = damage
    with suppress(Doubt):
        keyframe_at(bytes(content[:at] if cut else content), 500)


def test_absurd_counts_are_refused_at_once() -> None:
    film = Film([5] * 4, [40] * 4, [0] * 4, [0], [4])
    content = bytearray(film.content())
    at = content.index(b"stsz") + 8
    content[at : at + 8] = _numbers(7, 0xFFFFFFFF)
    with pytest.raises(Doubt):
        keyframe_at(bytes(content), 0)


def test_thousands_of_boxes_are_refused_before_they_cost_minutes() -> None:
    film = Film([5] * 4, [40] * 4, [0] * 4, [0], [4])
    crowded = film.content().replace(film.moov(), film.moov(box(b"free") * 5000))
    keyframe_at(film.content(), 0)
    with pytest.raises(Doubt):
        keyframe_at(crowded, 0)
