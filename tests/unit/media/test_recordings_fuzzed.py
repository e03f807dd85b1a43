"""Damaged and hostile recordings: the parsers doubt them, after bounded work."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.media.reader.source import OpenSource
from functions.media.splice import avi, clusters, flv
from functions.media.splice.boundary import Readable, Recording
from tests import ebml
from tests import flv as tags
from tests.ebml import AUDIO, VIDEO, block_group, cluster, element, simple_block, track
from tests.fakes.content import in_memory

MB = 1 << 20
Open = Callable[[Readable], Recording | None]


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


_FRAME = bytes(2000)
_MATROSKA_HEAD = ebml.EBML_HEADER + ebml.of_unknown_size(
    "18538067",
    element("1549a966", ebml.number("2ad7b1", 1_000_000))
    + ebml.tracks(track(1, VIDEO), track(2, AUDIO)),
)
_MATROSKA = _MATROSKA_HEAD + b"".join(
    cluster(
        ms,
        simple_block(2, 0, key=True),
        simple_block(1, 5, key=True, frame=_FRAME),
        block_group(1, 40),
        before=element("bf", bytes(4)),
        known=ms % 2000 == 0,
    )
    for ms in range(0, 9000, 1000)
)
_FLV_HEAD = tags.header() + tags.h264(0, key=True, kind=0) + tags.aac(0, kind=0)
_FLV = _FLV_HEAD + b"".join(
    tags.h264(ms, key=ms % 1000 == 0, offset=40, size=1000) + tags.aac(ms)
    for ms in range(0, 9000, 500)
)
_STREAM = chunk(b"strh", b"vids" + bytes(16) + b"\1\0\0\0\x19\0\0\0" + bytes(28))
_STREAM += chunk(b"strf", bytes(16) + b"FMP4" + bytes(20))
_HEADERS = chunk(b"LIST", b"hdrl" + chunk(b"LIST", b"strl" + _STREAM))
_AVI_HEAD = b"RIFF\0\0\0\0AVI " + _HEADERS + b"LIST\0\0\0\0movi"
_AVI = _AVI_HEAD + 20 * (
    chunk(b"00dc", b"\0\0\1\xb6\x10" + _FRAME)
    + 3 * chunk(b"00dc", b"\0\0\1\xb6\x50" + bytes(500))
    + chunk(b"01wb", bytes(99))
)

FILES: list[tuple[Open, bytes]] = [
    (clusters.open_recording, _MATROSKA),
    (flv.open_recording, _FLV),
    (avi.open_recording, _AVI),
]
NAMES = ["matroska", "flv", "avi"]


def explore(open_recording: Open, source: OpenSource, offsets: list[int], times: float) -> None:
    """Use a recording in every way, and check what it says."""
    assert all(len(clip) <= source.size for clip in clusters.clips(source))
    recording = open_recording(source)
    if not recording:
        return
    recording.probed()
    end_s = recording.end_s()
    assert end_s is None or math.isfinite(end_s)
    for offset in offsets:
        boundary = recording.next_boundary(offset)
        if not boundary:
            continue
        assert max(offset, recording.begin) <= boundary.offset < source.size
        assert math.isfinite(boundary.time_s)
        splice = recording.splice(boundary, times)
        for hidden in splice.hidden if splice else ():
            assert recording.begin <= hidden.start < hidden.end == boundary.offset


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Change some bytes, repeat or drop a part, or cut the end off."""
    changed = bytearray(content)
    for at in draw(st.lists(st.integers(0, len(changed) - 1), max_size=6)):
        changed[at] = draw(st.integers(0, 255))
    begin, length = draw(st.integers(0, len(changed))), draw(st.integers(0, 3000))
    times = draw(st.integers(0, 3))
    changed[begin : begin + length] = times * changed[begin : begin + length]
    return bytes(changed[: draw(st.integers(len(changed) // 2, len(changed)))])


@pytest.mark.parametrize(("open_recording", "content"), FILES, ids=NAMES)
def test_the_files_that_are_mutated_are_recordings(open_recording: Open, content: bytes) -> None:
    recording = open_recording(in_memory(content))
    assert recording
    assert recording.next_boundary(len(content) // 2)


@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize(("open_recording", "content"), FILES, ids=NAMES)
@given(st.data())
def test_mutated_files_raise_nothing(
    open_recording: Open, content: bytes, data: st.DataObject
) -> None:
    source = in_memory(data.draw(mutated(content)))
    offsets = data.draw(st.lists(st.integers(0, len(content)), max_size=5))
    explore(open_recording, source, offsets, data.draw(st.floats(0, 20)))
    assert source.requests < 500


@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize(
    ("open_recording", "head"),
    [
        (clusters.open_recording, ebml.EBML_HEADER + bytes.fromhex("18538067 01ffffffffffffff")),
        (clusters.open_recording, _MATROSKA_HEAD + bytes.fromhex("1f43b675 ff")),
        (flv.open_recording, tags.header()),
        (avi.open_recording, b"RIFF\0\0\0\0AVI "),
        (avi.open_recording, _AVI_HEAD),
    ],
)
@given(st.binary(max_size=600))
def test_random_bytes_after_a_head_raise_nothing(
    open_recording: Open, head: bytes, tail: bytes
) -> None:
    explore(open_recording, in_memory(head + tail), [0, len(head)], 1)


_JUMP = element("ec", size=MB)
"""The header of a Void element that leads from each decoy to the same long walk."""

_OPENED = bytes.fromhex("1f43b675 ff e78100")
"""The beginning of a cluster of unknown size."""

DECOYS: list[tuple[Open, bytes, bytes]] = [
    (clusters.open_recording, _MATROSKA, bytes.fromhex("1f43b675") * (5 * MB)),
    (clusters.open_recording, _MATROSKA, bytes.fromhex("1f43b675 ff") * (4 * MB)),
    (
        clusters.open_recording,
        _MATROSKA,
        _OPENED + b"\xec\x80" * 9 * MB,
    ),
    (
        clusters.open_recording,
        _MATROSKA,
        (_OPENED + _JUMP) * 20_000 + b"\xec\x80" * 8 * MB,
    ),
    (
        clusters.open_recording,
        _MATROSKA,
        (_OPENED + element("a0", b"\xec\x80" * MB)) * 8,
    ),
    (clusters.open_recording, _MATROSKA_HEAD, element("ec") * MB),
    (flv.open_recording, _FLV, b"\x09\0\0\0\0\0\0\0\0\0\0" * MB),
    (flv.open_recording, _FLV, b"\x09\x09\x09" * (6 * MB)),
    (flv.open_recording, _FLV, tags.tag(tags.SCRIPT, 0, b"") * MB),
    (avi.open_recording, _AVI, chunk(b"JUNK", b"") * (2 * MB)),
    (avi.open_recording, _AVI, chunk(b"00dc", b"\0\0\1\xb6\x10") * MB),
    (avi.open_recording, _AVI, b"LIST\0\0\0\0rec " * MB),
]


@pytest.mark.parametrize(("open_recording", "head", "decoys"), DECOYS)
def test_decoys_take_bounded_work(open_recording: Open, head: bytes, decoys: bytes) -> None:
    source = in_memory(head + decoys, piece=1 << 18)
    explore(open_recording, source, [len(head), len(head) + len(decoys) // 2], 1)
    assert source.bytes_read < 128 * MB
