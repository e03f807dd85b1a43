"""Finding the boundaries of AVI files without an index."""

import pytest

from functions.media.splice.avi import open_recording
from functions.media.splice.boundary import Boundary, Hidden, Splice
from tests.fakes.content import in_memory


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def stream(
    kind: bytes, codec: bytes = b"FMP4", *, scale: int = 1, rate: int = 25, begin: int = 0
) -> bytes:
    numbers = b"".join(one.to_bytes(4, "little") for one in (scale, rate, begin))
    header = chunk(b"strh", kind + bytes(16) + numbers + bytes(24))
    return chunk(b"LIST", b"strl" + header + chunk(b"strf", bytes(16) + codec + bytes(20)))


def movi(size: int) -> bytes:
    return b"LIST" + size.to_bytes(4, "little") + b"movi"


def riff(*streams: bytes, size: int = 0) -> bytes:
    headers = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + b"".join(streams))
    return b"RIFF" + bytes(4) + b"AVI " + headers + chunk(b"JUNK", bytes(100)) + movi(size)


PICTURE, SOUND = stream(b"vids"), stream(b"auds", bytes(4))
HEAD = riff(PICTURE, SOUND)
KEY = chunk(b"00dc", b"\0\0\1\xb0\xf5\0\0\1\xb6\x10" + bytes(31))
EMPTY = chunk(b"00dc")
OTHER, HEARD = chunk(b"00dc", b"\0\0\1\xb6\x50" + bytes(30)), chunk(b"01wb", bytes(99))


def boundaries(*chunks: bytes, head: bytes = HEAD) -> list[tuple[int, float]]:
    """Return the positions of the boundaries after the head, and their times."""
    recording = open_recording(in_memory(head + b"".join(chunks)))
    assert recording
    found, offset = [], 0
    while boundary := recording.next_boundary(offset):
        found.append((boundary.offset - len(head), boundary.time_s))
        offset = boundary.offset + 1
    return found


def test_the_time_of_a_keyframe_is_the_number_of_pictures_before_it() -> None:
    first = KEY + HEARD + OTHER + EMPTY + HEARD
    assert boundaries(first, KEY, OTHER, KEY) == [
        (0, 0),
        (len(first), 3 / 25),
        (len(first + KEY + OTHER), 5 / 25),
    ]


def test_only_the_bytes_before_a_keyframe_tell_its_time() -> None:
    ignored = OTHER.replace(b"00dc", b"JUNK")
    assert boundaries(KEY, OTHER, KEY)[-1] == (len(KEY + OTHER), 2 / 25)
    assert boundaries(KEY, ignored, KEY)[-1] == (len(KEY + OTHER), 1 / 25)


@pytest.mark.parametrize(
    "between",
    [
        chunk(b"JUNK", bytes(20)),
        chunk(b"ix00", bytes(20)),
        b"LIST" + (200).to_bytes(4, "little") + b"rec ",
        b"RIFF" + bytes(4) + b"AVIX" + movi(0),
    ],
)
def test_pictures_go_on_after_other_chunks(between: bytes) -> None:
    assert boundaries(KEY, between, OTHER, KEY)[1:] == [(len(KEY + between + OTHER), 2 / 25)]


@pytest.mark.parametrize("codec", [b"MJPG", b"mjpg"])
def test_some_codecs_have_only_keyframes(codec: bytes) -> None:
    picture = chunk(b"00dc", bytes(30))
    found = boundaries(picture, picture, EMPTY, picture, head=riff(stream(b"vids", codec)))
    assert found == [(0, 0), (len(picture), 1 / 25)]  # ffmpeg miscounts empty ones


def test_the_picture_may_be_the_second_stream() -> None:
    keyframe = KEY.replace(b"00dc", b"01dc")
    assert boundaries(KEY, keyframe, head=riff(SOUND, PICTURE)) == [(len(KEY), 0)]


@pytest.mark.parametrize("doubtful", [bytes(20), b"LIST" + bytes(4) + b"hdrl", b"?" * 20])
def test_doubt_ends_the_search(doubtful: bytes) -> None:
    assert boundaries(KEY, doubtful, KEY) == [(0, 0)]


def test_the_chunks_of_a_large_file_are_read_piece_by_piece() -> None:
    large = chunk(b"00dc", bytes(900 << 10))
    assert boundaries(*6 * [large], KEY) == [(6 * len(large), 6 / 25)]


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"RIFF" + bytes(4) + b"WAVE" + bytes(100),
        HEAD[:-12],
        riff(SOUND) + KEY,  # no picture
        riff(PICTURE, PICTURE) + KEY,
        riff(stream(b"iavs")) + KEY,  # DV: picture and sound in one stream
        riff(stream(b"vids", b"H264")) + KEY,  # its keyframes are not recognized
        riff(stream(b"vids", scale=0)) + KEY,
        riff(stream(b"vids", begin=5)) + KEY,
        riff(PICTURE, chunk(b"indx", bytes(20))) + KEY,
        riff(PICTURE, size=4 + len(KEY)) + KEY + chunk(b"idx1", bytes(160)),
    ],
)
def test_other_files_are_not_opened(file: bytes) -> None:
    assert open_recording(in_memory(file)) is None


def test_a_view_begins_with_the_boundary() -> None:
    recording = open_recording(in_memory(HEAD + KEY + OTHER + KEY))
    assert recording
    boundary = Boundary(len(HEAD + KEY + OTHER), 2 / 25)
    assert recording.splice(boundary, 1) == Splice(
        (Hidden(len(HEAD), boundary.offset),), keeps_offsets=False, clock_s=2 / 25
    )
    assert recording.splice(Boundary(len(HEAD), 0), 1) == Splice(())
