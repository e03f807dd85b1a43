"""Finding the boundaries of FLV recordings."""

import pytest

from functions.media.splice.boundary import Boundary, Hidden, Splice
from functions.media.splice.flv import open_recording
from tests import flv
from tests.fakes.content import in_memory
from tests.flv import SCRIPT, SOUND, aac, h264, newer, tag

METADATA = tag(SCRIPT, 0, b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01")
HEADERS = h264(0, key=True, kind=0) + aac(0, kind=0)
HEAD = flv.header() + METADATA + HEADERS + h264(0, key=True) + aac(0)
END = aac(9000) + aac(9020)
MB = 1 << 20


def boundaries(*tags: bytes, head: bytes = HEAD) -> list[tuple[int, float]]:
    """Return the positions of the boundaries after the head, and their times."""
    recording = open_recording(in_memory(head + b"".join(tags) + END))
    assert recording
    found, offset = [], len(head)
    while boundary := recording.next_boundary(offset):
        found.append((boundary.offset - len(head), boundary.time_s))
        offset = boundary.offset + 1
    return found


def test_a_keyframe_is_a_boundary_at_the_time_at_which_it_is_shown() -> None:
    other = h264(40) + aac(50)
    assert boundaries(other, h264(5000, key=True, offset=80)) == [(len(other), 5.08)]


def test_times_have_32_bits() -> None:
    assert boundaries(h264(20_000_000, key=True)) == [(0, 20_000)]


@pytest.mark.parametrize(
    ("keyframe", "time_s"),
    [
        (newer(5000, b"hvc1", key=True, content=(80).to_bytes(3) + bytes(9)), 5.08),
        (newer(5000, b"hvc1", key=True, kind=3), 5),
        (newer(5000, b"av01", key=True), 5),
        (newer(5000, b"vp09", key=True), 5),
        (tag(flv.PICTURE, 5000, b"\x12" + bytes(9)), 5),  # Sorenson
        (tag(flv.PICTURE, 5000, b"\x14" + bytes(9)), 5),  # VP6
    ],
)
def test_every_codec_has_keyframes(keyframe: bytes, time_s: float) -> None:
    assert boundaries(h264(40), keyframe) == [(len(h264(40)), time_s)]


@pytest.mark.parametrize(
    "other",
    [
        h264(40),
        h264(40, key=True, kind=0),  # the same parameters once more
        h264(40, kind=2),  # the end of a sequence
        tag(flv.PICTURE, 40, b"\x57\x00"),  # a command for the server
        tag(SCRIPT, 40, b"\x02\x00\x0aonCuePoint"),
        tag(SOUND, 40, b""),
        tag(SOUND, 40, b"\x91Opus" + bytes(9)),
    ],
)
def test_other_tags_are_no_boundaries(other: bytes) -> None:
    assert boundaries(other, h264(5000, key=True)) == [(len(other), 5)]


@pytest.mark.parametrize(
    "doubtful",
    [
        h264(40, key=True, kind=0, size=60),  # other parameters
        h264(40, offset=-40),
        h264(40, key=True, offset=1_000_000),
        h264(40, kind=9),
        tag(flv.PICTURE, 40, b"\x1f" + bytes(9)),  # an unknown codec
        newer(40, b"hvc1", kind=6),  # several pictures in one tag
        tag(SOUND, 40, b"\x95Opus"),
    ],
)
def test_doubt_ends_the_search(doubtful: bytes) -> None:
    assert boundaries(doubtful, h264(5000, key=True)) == []


def test_what_only_looks_like_a_tag_is_no_boundary() -> None:
    fake = h264(1000, key=True)[:-1] + b"\0"
    padded = tag(flv.PICTURE, 40, b"\x27\x01\0\0\0" + fake + h264(2000, key=True)[:20])
    recording = open_recording(in_memory(HEAD + padded + h264(5000, key=True) + END))
    assert recording
    assert recording.next_boundary(len(HEAD) + 1) == Boundary(len(HEAD) + len(padded), 5)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"FLV\x01",
        b"RIFF" + bytes(100),
        flv.header() + bytes(1000),
        HEAD,  # nothing follows the first frames
        flv.header() + METADATA + HEADERS + aac(0) + END,  # no picture
        flv.header() + tag(SCRIPT, 0, b"keyframes") + HEADERS + h264(0, key=True) + END,
        b"FLV\x01\x05" + b"\xff" * 4 + HEAD[9:] + END,
    ],
)
def test_other_files_are_not_opened(file: bytes) -> None:
    assert open_recording(in_memory(file)) is None


@pytest.mark.parametrize("sound", [True, False])
def test_a_splice_hides_the_tags_before_the_boundary(*, sound: bool) -> None:
    second = h264(0, key=True, size=300 << 10) + (aac(0) if sound else b"")
    head = flv.header(sound=sound) + METADATA + HEADERS
    recording = open_recording(in_memory(head + 9 * second + END))
    assert recording
    boundary = recording.next_boundary(MB)
    assert boundary
    first = len(head) + len(second)
    if sound:
        assert (boundary.offset - first) % len(second) == 0
    splice = recording.splice(boundary, 5)
    assert splice == Splice((Hidden(first, boundary.offset),), keeps_offsets=False)
    assert recording.splice(Boundary(first, 0), 5) == Splice(())


def test_missing_sound_does_not_keep_the_whole_file() -> None:
    frames = b"".join(h264(40 * n, key=True, size=900 << 10) for n in range(20))
    recording = open_recording(in_memory(flv.header() + METADATA + HEADERS + frames + END))
    assert recording
    boundary = recording.next_boundary(12 * MB)
    assert boundary
    splice = recording.splice(boundary, 5)
    assert splice
    assert splice.hidden[0].start < 6 * MB
