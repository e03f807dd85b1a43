"""The boundaries of fragmented MP4 files, well-formed and hostile."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.media.splice.boundary import Boundary, Splice
from functions.media.splice.boxes import box_at, samples, tracks
from functions.media.splice.fragments import FragmentedMp4, open_recording
from functions.media.splice.windows import Doubt
from tests.fragmented import PICTURE, SOUND, Sample, box, fragment, head, recording

MB = 1 << 20
KEY = Sample(1000, key=True)


@dataclass
class Bytes:
    """An object in memory that counts what is read of it."""

    content: bytes
    reads: int = 0
    bytes_read: int = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, start: int, end: int) -> bytes:
        found = self.content[start:end]
        self.reads, self.bytes_read = self.reads + 1, self.bytes_read + len(found)
        return found


def opened(content: bytes) -> FragmentedMp4:
    found = open_recording(Bytes(content))
    assert found
    return found


def shown(content: bytes, splice: Splice | None) -> bytes:
    """Return what a view shows, without the covers."""
    assert splice
    assert splice.keeps_offsets
    view, position = b"", 0
    for hidden in splice.hidden:
        assert hidden.cover == (1).to_bytes(4) + b"free" + (hidden.end - hidden.start).to_bytes(8)
        view += content[position : hidden.start]
        position = hidden.end
    return view + content[position:]


def test_every_fragment_with_a_keyframe_is_a_boundary() -> None:
    content = recording(5)
    found, at = [], 0
    while boundary := opened(content).next_boundary(at):
        found.append(boundary.time_s)
        at = boundary.offset + 1
    assert found == [0, 0.16, 0.32, 0.48, 0.64]


def test_a_fragment_without_a_keyframe_is_no_boundary() -> None:
    without = fragment(2, 40, Sample(1000), Sample(1000))
    later = fragment(3, 120, Sample(1000), KEY)
    content = head((PICTURE, b"vide")) + fragment(1, 0, KEY) + without + later
    at = len(content) - len(later)
    assert opened(content).next_boundary(at - len(without)) == Boundary(at, 0.16)


def test_an_empty_edit_delays_the_boundaries() -> None:
    content = head((PICTURE, b"vide"), empty_edit=700) + fragment(1, 40, KEY)
    found = opened(content).next_boundary(0)
    assert found
    assert found.time_s == pytest.approx(0.74)


def test_the_end_is_that_of_the_longest_track() -> None:
    content = recording(3) + fragment(9, 480, Sample(10, 500), track=SOUND)
    assert opened(content).end_s() == pytest.approx(0.98)


@pytest.mark.parametrize("last", [(), (Sample(10),)])
def test_a_view_shows_where_a_track_ends_before_the_last_fragment(last: tuple[Sample, ...]) -> None:
    longer = fragment(201, 15_900, Sample(2500, 500), track=SOUND)
    content = recording(100, size=20_000) + longer
    content += fragment(202, 16_000, KEY) + fragment(203, 16_100, *last, track=SOUND)
    found = opened(content)
    assert longer in shown(content, found.probed())
    assert found.end_s() == pytest.approx(16.4)


def test_what_only_looks_like_a_fragment_is_not_believed() -> None:
    whole = recording(40)
    false = [
        box(b"moof"),
        box(b"moof", bytes(90)),
        fragment(1, 9, KEY)[:-1],
        fragment(1, 9, KEY, track=9),
    ]
    decoy = b"".join(false)
    sample = len(decoy) + 2000
    inside = fragment(50, 6400, Sample(sample, key=True))
    inside = inside[:-sample] + decoy.ljust(sample, b"\0")
    content = whole + inside + recording(80)[len(whole) :]
    found = opened(content).next_boundary(len(whole) + 100)
    assert found
    assert found.offset == len(whole) + len(inside)


def test_a_view_shows_both_ends_and_the_stretch_around_a_moment() -> None:
    content = recording(100, size=20_000)
    found = opened(content)
    boundary = found.next_boundary(len(content) // 2)
    assert boundary
    until_s = boundary.time_s + 1
    view = shown(content, found.splice(boundary, until_s))
    outline = shown(content, found.probed())
    assert len(outline) < len(view) < len(content) // 4
    times = [at for at in range(0, 100 * 160, 160) if (at).to_bytes(8) in view]
    assert times[0] == 0
    assert times[-1] == 99 * 160
    middle = [at / 1000 for at in times if boundary.time_s <= at / 1000 <= until_s]
    assert middle == pytest.approx([boundary.time_s + 0.16 * at for at in range(len(middle))])
    assert middle[-1] > until_s - 0.16


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF" + bytes(100),
        box(b"ftyp", b"isom") + box(b"moov", bytes(50)) + box(b"mdat", bytes(50)),
        head((PICTURE, b"vide"), (SOUND, b"vide")) + fragment(1, 0, KEY),
        head((SOUND, b"soun")) + fragment(1, 0, KEY, track=SOUND),
        head((PICTURE, b"vide")) + fragment(1, 0, KEY) + box(b"what"),
        head((PICTURE, b"vide")) + fragment(1, 0, KEY) + bytes(20),
        head() + fragment(1, 0, KEY),
        head() + box(b"sidx", bytes(22), (2).to_bytes(2), bytes(24)) + recording(3)[len(head()) :],
    ],
)
def test_other_files_are_no_recordings(content: bytes) -> None:
    assert open_recording(Bytes(content)) is None


WHOLE = recording(60, size=400)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a recording in which some bytes are other ones, missing or repeated."""
    content = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content) - 1) | st.integers(0, 1200))
        new = draw(st.binary(max_size=12) | st.sampled_from([b"\xff" * 8, bytes(8), b"moof"]))
        cut = draw(st.integers(0, 40) | st.just(len(new)))
        content[at : at + cut] = new
    return bytes(content)


@settings(max_examples=300, deadline=None)
@given(mutated(), st.integers(0, len(WHOLE)), st.floats(0, 20))
def test_mutated_files_raise_nothing(content: bytes, offset: int, until_s: float) -> None:
    source = Bytes(content)
    found = open_recording(source)
    if not found:
        return
    found.probed()
    boundary = found.next_boundary(offset)
    if boundary:
        assert offset <= boundary.offset < source.size
        found.splice(boundary, until_s)
    assert source.reads < 2000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_boxes_raise_only_doubt(content: bytes) -> None:
    for kind, parse in (
        (b"moov", tracks),
        (b"moof", lambda one: samples(one, 0, tracks(head()[16:]))),
        (b"", box_at),
    ):
        with suppress(Doubt):
            parse(box(kind, content) if kind else content)


@pytest.mark.parametrize("decoy", [b"moof", (3 * MB).to_bytes(4) + box(b"moof", b"mfhd")[4:]])
def test_a_file_full_of_decoys_takes_bounded_work(decoy: bytes) -> None:
    source = Bytes(recording(3) + box(b"mdat", decoy * (16 * MB // len(decoy))))
    assert open_recording(source) is None
    assert source.reads < 100_000
    assert source.bytes_read < 256 * MB


def test_decoys_between_two_ends_take_bounded_work() -> None:
    decoys = ((3 * MB).to_bytes(4) + box(b"moof", b"mfhd")[4:]) * MB
    content = recording(3)
    more = recording(6)[len(content) :]
    source = Bytes(
        content + fragment(4, 480, Sample(len(decoys), key=True))[: -len(decoys)] + decoys + more
    )
    found = open_recording(source)
    assert found
    found.next_boundary(len(content) + 100)
    assert source.reads < 100_000
    assert source.bytes_read < 256 * MB
