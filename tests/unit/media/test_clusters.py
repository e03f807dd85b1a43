"""Finding the boundaries of Matroska and WebM recordings."""

import pytest

from functions.media.splice.boundary import Boundary, Splice
from functions.media.splice.clusters import clips, open_recording
from tests import ebml
from tests.ebml import AUDIO, VIDEO, block_group, cluster, element, simple_block, track
from tests.fakes.content import in_memory

CHECKSUM, VOID = element("bf", bytes(4)), element("ec", bytes(9))
TRACKS = ebml.tracks(track(1, AUDIO), track(2, VIDEO))
KEY, OTHER, SOUND = simple_block(2, 40, key=True), simple_block(2, 80), simple_block(1, 0, key=True)
FIRST = cluster(0, SOUND, KEY, OTHER)
MB = 1 << 20


def head(*children: bytes) -> bytes:
    return ebml.EBML_HEADER + ebml.of_unknown_size("18538067", b"".join(children))


def boundaries(*clusters: bytes, first: bytes = FIRST, tracks: bytes = TRACKS) -> list[float]:
    """Return the times of the boundaries after the first cluster."""
    file = head(tracks) + first + b"".join(clusters)
    recording = open_recording(in_memory(file))
    assert recording
    times, offset = [], len(head(tracks)) + len(first)
    while boundary := recording.next_boundary(offset):
        assert file[boundary.offset :].startswith(bytes.fromhex("1f43b675"))
        times.append(boundary.time_s)
        offset = boundary.offset + 1
    return times


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("before", [b"", CHECKSUM, VOID, CHECKSUM + ebml.number("a7", 7)])
@pytest.mark.parametrize("after", [[KEY], [SOUND, KEY], [block_group(2, 40, key=True)]])
def test_a_cluster_whose_first_picture_is_a_keyframe_is_a_boundary(
    before: bytes, after: list[bytes], *, known: bool
) -> None:
    found = boundaries(cluster(5000, *after, OTHER, before=before, known=known))
    assert found == [5.04]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("children", [[SOUND], [OTHER, KEY], [SOUND, block_group(2, 40), KEY], []])
def test_other_clusters_are_not(children: list[bytes], *, known: bool) -> None:
    other = cluster(5000, *children, known=known)
    assert boundaries(other, cluster(9000, KEY, OTHER)) == [9.04]


def test_a_large_keyframe_is_read_to_its_end() -> None:
    large = simple_block(2, 0, key=True, frame=bytes(5 * MB))
    assert boundaries(cluster(5000, large), cluster(9000, KEY)) == [5, 9.04]


def test_a_cluster_after_16_mb_is_too_far() -> None:
    padding = element("ec", bytes(17 * MB))
    assert boundaries(padding, cluster(9000, KEY)) == []


@pytest.mark.parametrize(
    "fake",
    [
        bytes.fromhex("1f43b675") + bytes(50),
        cluster(5000, simple_block(9, 0, key=True)),  # there is no such track
        cluster(5000, KEY, element("e8")),  # there is no such element
        cluster(5000, KEY) + bytes(50),  # no element follows
        element("1f43b675", KEY),  # it has no time
        element("1f43b675", ebml.number("e7", 5000) + KEY, size=20),  # its block is longer
        element("1f43b675", element("e7", bytes(9)) + KEY),
        cluster(5000, element("a0", element("fb", b"\xff"))),  # a group without a block
        cluster(5000, element("a3", b"\x82")),
    ],
)
def test_what_only_looks_like_a_cluster_is_no_boundary(fake: bytes) -> None:
    block = simple_block(2, 60, frame=fake)
    assert boundaries(cluster(1000, OTHER, block, known=False), cluster(9000, KEY, OTHER)) == [9.04]


def test_times_follow_the_scale_and_the_delay_of_the_codec() -> None:
    info = element("1549a966", ebml.number("2ad7b1", 100_000))
    delayed = ebml.tracks(track(2, VIDEO, ebml.number("56aa", 1_000_000)))
    clusters = cluster(50_000, KEY, OTHER)
    assert boundaries(clusters, tracks=info + delayed, first=cluster(0, KEY)) == [5.003]


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"RIFF" + bytes(100),
        ebml.EBML_HEADER,
        ebml.EBML_HEADER + bytes(1000),
        head(TRACKS),
        head(FIRST),  # no tracks
        head(ebml.tracks(track(1, AUDIO)), FIRST),
        head(ebml.tracks(track(1, VIDEO), track(2, VIDEO)), FIRST),  # which one is it?
        head(ebml.tracks(track(2, VIDEO, element("23314f", bytes(4)))), FIRST),
        head(ebml.tracks(element("ae", ebml.number("d7", 1))), FIRST),
        head(element("1549a966", ebml.number("2ad7b1", 0)), TRACKS, FIRST),
        head(TRACKS, element("1c53bb6b", bytes(20)), FIRST),  # an index
        head(element("ec", size=1 << 50), TRACKS, FIRST),
    ],
)
def test_other_files_are_not_opened(file: bytes) -> None:
    assert open_recording(in_memory(file)) is None


@pytest.mark.parametrize(("position", "opened"), [(200, False), (1 << 30, True)])
def test_an_index_counts_if_the_file_reaches_it(position: int, *, opened: bool) -> None:
    target = element("53ab", bytes.fromhex("1c53bb6b")) + ebml.number("53ac", position)
    file = head(element("114d9b74", element("4dbb", target)), TRACKS, FIRST)
    assert (open_recording(in_memory(file)) is not None) == opened


@pytest.mark.parametrize("known", [True, False])
def test_a_void_element_covers_what_a_splice_hides(*, known: bool) -> None:
    large = simple_block(2, 0, key=True, frame=bytes(300 << 10))
    file = head(TRACKS) + b"".join(
        cluster(ms, SOUND, large, known=known) for ms in range(0, 9000, 1000)
    )
    recording = open_recording(in_memory(file))
    assert recording
    boundary = recording.next_boundary(2 * MB)
    assert boundary
    splice = recording.splice(boundary, boundary.time_s)
    assert splice
    [hidden] = splice.hidden
    length = hidden.end - hidden.start
    assert hidden.end == boundary.offset
    assert hidden.start == file.index(bytes.fromhex("1f43b675"), recording.begin + 4)
    assert hidden.cover == element("ec", size=length - len(hidden.cover))
    assert splice.keeps_offsets


def test_nothing_is_hidden_before_a_boundary_in_the_first_stretch() -> None:
    large = cluster(1000, KEY, simple_block(2, 60, frame=bytes(300 << 10)))
    recording = open_recording(in_memory(head(TRACKS) + FIRST + large + cluster(9000, KEY)))
    assert recording
    assert recording.splice(Boundary(recording.begin, 0), 1) == Splice(())


def test_a_track_without_blocks_does_not_keep_the_whole_file() -> None:
    frame = simple_block(2, 0, key=True, frame=bytes(900 << 10))
    silent = head(TRACKS) + b"".join(cluster(ms, frame) for ms in range(0, 20_000, 1000))
    recording = open_recording(in_memory(silent))
    assert recording
    boundary = recording.next_boundary(12 * MB)
    assert boundary
    splice = recording.splice(boundary, 10)
    assert isinstance(splice, Splice)
    assert splice.hidden[0].start < 6 * MB


def padded(size: int) -> bytes:
    """Return a cluster with a picture of `size` bytes."""
    return cluster(5000, simple_block(2, 0, frame=bytes(size)))


def test_the_head_and_the_last_clusters_make_a_file() -> None:
    last = cluster(9000, OTHER)
    source = in_memory(head(TRACKS) + FIRST + padded(5 * MB) + last)
    assert next(clips(source)) == head(TRACKS) + last


def test_a_long_last_cluster_is_found_further_back() -> None:
    last = cluster(9000, OTHER, simple_block(2, 60, frame=bytes(3 * MB)))
    source = in_memory(head(TRACKS) + FIRST + padded(18 * MB) + last)
    assert list(clips(source)) == [head(TRACKS) + last]


def test_a_short_file_is_used_whole() -> None:
    file = head(TRACKS) + FIRST
    assert list(clips(in_memory(file))) == [file]


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"RIFF" + bytes(1000) + FIRST,
        head(TRACKS),
        head(TRACKS, element("1f43b675", bytes(1000))),  # its name, but not its shape
    ],
)
def test_other_files_yield_no_clip(file: bytes) -> None:
    assert list(clips(in_memory(file))) == []
