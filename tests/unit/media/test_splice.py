"""Views that hide bytes, and the search for a boundary before a moment."""

from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.media.splice.bisect import last_boundary
from functions.media.splice.boundary import Boundary, Hidden, Splice
from functions.media.splice.spliced_object import SplicedObject
from tests.fakes.content import MemoryObject

CONTENT = bytes(range(256)) * 4
MB = 1 << 20


@st.composite
def splices(draw: st.DrawFn, *, keeps_offsets: bool) -> Splice:
    ends = sorted(draw(st.sets(st.integers(0, len(CONTENT)), max_size=6)))
    hidden = []
    for start, end in zip(ends[::2], ends[1::2], strict=False):
        cover = draw(st.binary(max_size=min(end - start, 16)))
        hidden.append(Hidden(start, end, cover))
    return Splice(tuple(hidden), keeps_offsets=keeps_offsets)


def shown(splice: Splice) -> bytes:
    """Return what a view shows, the simple way."""
    view, position = b"", 0
    for hidden in splice.hidden:
        length = hidden.end - hidden.start if splice.keeps_offsets else len(hidden.cover)
        view += CONTENT[position : hidden.start] + hidden.cover.ljust(length, b"\0")
        position = hidden.end
    return view + CONTENT[position:]


def read_on(view: SplicedObject, position: int) -> bytes:
    found = b""
    while piece := view.read(position + len(found)):
        found += piece
    return found


@given(
    splices(keeps_offsets=True) | splices(keeps_offsets=False),
    st.integers(0, len(CONTENT)),
    st.integers(1, 300),
)
def test_a_view_shows_all_but_what_is_hidden(splice: Splice, position: int, piece: int) -> None:
    view = SplicedObject(MemoryObject(CONTENT, piece=piece), splice)
    expected = shown(splice)
    assert view.size == len(expected)
    assert read_on(view, position) == expected[position:]


def test_hidden_bytes_are_never_read() -> None:
    content = MemoryObject(CONTENT, piece=1 << 20)
    view = SplicedObject(content, Splice((Hidden(100, 900, b"cover"),)))
    assert view.read(100) == b"cover"
    assert view.read(105) == bytes(795)
    assert content.requests == 0


def test_a_view_ends_where_reading_fails() -> None:
    content = MemoryObject(CONTENT, readable=950)
    view = SplicedObject(content, Splice((Hidden(100, 900, b""),)))
    assert len(read_on(view, 0)) == 950


@dataclass
class Tape:
    """A recording with known boundaries."""

    boundaries: list[Boundary]
    looks: list[int] = field(default_factory=list)
    begin: int = 1000

    def next_boundary(self, offset: int) -> Boundary | None:
        self.looks.append(offset)
        return next((one for one in self.boundaries if one.offset >= offset), None)

    def end_s(self) -> float | None:
        return None

    def probed(self) -> Splice | None:
        return None

    def splice(self, _: Boundary, until_s: float) -> Splice | None:
        raise NotImplementedError


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    steps = st.tuples(st.integers(10_000, 4 * MB), st.floats(0.5, 10))
    boundaries, offset, time_s = [], 1000, draw(st.floats(0, 600))
    for length, length_s in draw(st.lists(steps, min_size=1, max_size=60)):
        boundaries.append(Boundary(offset, time_s))
        offset, time_s = offset + length, time_s + length_s
    return Tape(boundaries)


@given(tapes(), st.floats(0, 1))
def test_a_boundary_is_at_or_before_the_moment(tape: Tape, share: float) -> None:
    first, last = tape.boundaries[0], tape.boundaries[-1]
    moment_s = first.time_s + share * (last.time_s + 1 - first.time_s)
    size, end_s = last.offset + MB, last.time_s + 2
    found = last_boundary(tape, moment_s, size=size, end_s=end_s)
    assert len(tape.looks) <= 9
    assume(found)
    assert found in tape.boundaries
    assert found is None or found.time_s <= moment_s


@given(st.integers(20_000, 900_000), st.integers(10, 5000), st.floats(0.01, 0.99))
def test_an_even_recording_takes_few_looks(length: int, number: int, share: float) -> None:
    tape = Tape([Boundary(1000 + length * at, 4.0 * at) for at in range(number)])
    size, end_s = 1000 + length * number, 4.0 * number
    found = last_boundary(tape, share * end_s, size=size, end_s=end_s)
    assert found
    assert share * size - found.offset < 2 * MB
    assert len(tape.looks) <= 4


def test_a_moment_before_the_first_boundary_is_decoded_from_there() -> None:
    tape = Tape([Boundary(1000, 5.0), Boundary(2000, 6.0)])
    assert last_boundary(tape, 4.0, size=9000, end_s=8) == Boundary(1000, 5.0)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param([0.0, 50.0, 20.0, 80.0], id="going back"),
        pytest.param([], id="none"),
    ],
)
def test_times_that_do_not_grow_are_doubted(times: list[float]) -> None:
    tape = Tape([Boundary(1000 + 20 * MB * at, time_s) for at, time_s in enumerate(times)])
    assert last_boundary(tape, 45.0, size=80 * MB, end_s=60) is None


def test_the_moment_after_the_end_is_doubted() -> None:
    tape = Tape([Boundary(1000, 0.0)])
    assert last_boundary(tape, 9.0, size=9000, end_s=8) is None
