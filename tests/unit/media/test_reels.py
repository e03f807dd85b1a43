"""The indexes of Matroska, AVI, FLV and WMV files that tests write, and damage."""

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.media.splice.boundary import Readable
from functions.media.splice.windows import Doubt
from functions.media.storyboard import asf, avi, flv, matroska
from functions.media.storyboard.reel import Index
from tests import ebml
from tests import flv as tags
from tests.asf import film_in_asf
from tests.ebml import AUDIO, VIDEO, block_group, cluster, element, number, simple_block, track
from tests.fakes.content import in_memory

_FRAME_MS = 40
_GROUP = 25
_GROUPS = 8
_RESERVED = 2000
"""Bytes before the clusters for the cues, or for the reference to them."""

Open = Callable[[Readable, int], Index]


def frame_of(group: int) -> bytes:
    return bytes([group]) * (1000 + group)


def film_in_matroska(
    *, places: bool = True, in_groups: bool = False, cues_first: bool = False, key: bool = True
) -> bytes:
    """Return a film of one keyframe a second, each after a block of sound."""
    clusters, cues = b"", b""
    info = element("1549a966", number("2ad7b1", 1_000_000))
    tracks = ebml.tracks(track(1, VIDEO), track(2, AUDIO))
    sound = simple_block(2, 0, key=True)
    before = len(info) + len(tracks) + _RESERVED
    for group in range(_GROUPS):
        picture = simple_block(1, 5, key=key, frame=frame_of(group))
        if in_groups:
            picture = element("a0", element("a1", b"\x81\0\5\0" + frame_of(group)))
        place = number("f0", len(number("e7", 0)) + len(sound)) if places else b""
        position = number("f1", before + len(clusters))
        clusters += cluster(group * 1000, sound, picture, block_group(1, 45))
        positions = element("b7", number("f7", 1) + position + place)
        cues += element("bb", number("b3", group * 1000 + 5) + positions)
    index = element("1c53bb6b", cues)
    target = element("53ab", bytes.fromhex("1c53bb6b")) + number("53ac", before + len(clusters))
    reserved = index if cues_first else element("114d9b74", element("4dbb", target))
    reserved += element("ec", bytes(_RESERVED - len(reserved) - 9))
    segment = info + tracks + reserved + clusters + (b"" if cues_first else index)
    return ebml.EBML_HEADER + ebml.of_unknown_size("18538067", segment)


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def film_in_avi(*, absolute: bool = False) -> bytes:
    """Return a film of one keyframe a second, with a chunk of sound after each picture."""
    stream = chunk(b"strh", b"vids" + bytes(16) + struct.pack("<2I", 1, 25) + bytes(28))
    headers = chunk(b"LIST", b"hdrl" + chunk(b"LIST", b"strl" + stream))
    base = 12 + len(headers) + 8 if absolute else 0
    movi, entries = b"movi", b""
    for frame in range(_GROUPS * _GROUP):
        group, later = divmod(frame, _GROUP)
        content = bytes(9) if later else frame_of(group)
        for kind, one in ((b"00dc", content), (b"01wb", bytes(7))):
            flags = 0x10 if not later else 0
            entries += kind + struct.pack("<3I", flags, base + len(movi), len(one))
            movi += chunk(kind, one)
    body = b"AVI " + headers + chunk(b"LIST", movi) + chunk(b"idx1", entries)
    return chunk(b"RIFF", body)


def film_in_flv(*, leads_to_parameters: bool = False) -> bytes:
    """Return a film of one keyframe a second, shown 5 ms after it is decoded."""

    def metadata(positions: Sequence[int]) -> bytes:
        lists = {b"filepositions": positions, b"times": range(_GROUPS)}
        index = b"".join(
            struct.pack(">H", len(name)) + name + struct.pack(">BI", 10, len(values))
            + b"".join(struct.pack(">Bd", 0, value) for value in values)
            for name, values in lists.items()
        )  # fmt: skip
        content = b"\2\0\x0aonMetaData\x08\0\0\0\1\0\x09keyframes\3" + index + b"\0\0\x09" * 2
        return tags.tag(tags.SCRIPT, 0, content)

    first = len(tags.header() + metadata([0] * _GROUPS))
    body, positions = tags.h264(0, key=True, kind=0), []
    for group in range(_GROUPS):
        body += tags.aac(group * 1000, kind=1 if group else 0)
        positions.append(first + len(body))
        picture = b"\x17\1\0\0\5" + frame_of(group)
        body += tags.tag(tags.PICTURE, group * 1000, picture) + tags.h264(group * 1000 + 500)
    positions[0] = first if leads_to_parameters else positions[0]
    return tags.header() + metadata(positions) + body


FILMS: dict[str, tuple[Open, bytes, int]] = {
    "cues with places": (matroska.open_index, film_in_matroska(), 5),
    "cues without places": (matroska.open_index, film_in_matroska(places=False), 5),
    "cues first": (matroska.open_index, film_in_matroska(cues_first=True), 5),
    "block groups": (matroska.open_index, film_in_matroska(in_groups=True), 5),
    "groups without places": (
        matroska.open_index,
        film_in_matroska(in_groups=True, places=False),
        5,
    ),
    "avi": (avi.open_index, film_in_avi(), 0),
    "avi, absolute": (avi.open_index, film_in_avi(absolute=True), 0),
    "flv": (flv.open_index, film_in_flv(), 5),
    "flv, from parameters": (flv.open_index, film_in_flv(leads_to_parameters=True), 5),
    "wmv": (asf.open_index, film_in_asf([frame_of(group) for group in range(_GROUPS)]), 0),
    "wmv, without pre-roll": (
        asf.open_index,
        film_in_asf([frame_of(group) for group in range(_GROUPS)], counts_preroll=False),
        0,
    ),
}


def load(open_index: Open, content: bytes, moments: Sequence[int]) -> list[tuple[int, bytes]]:
    source = in_memory(content)
    index = open_index(source, 0)

    def fetch(start: int, end: int) -> bytes:
        if not 0 <= start < end <= len(content):
            raise Doubt
        return content[start:end]

    keyframes = [index.find(fetch, at_ms) for at_ms in moments]
    return [(keyframe.at_ms, index.load(fetch, keyframe)) for keyframe in keyframes]


@pytest.mark.parametrize("name", FILMS)
def test_an_index_leads_to_the_keyframe_before_each_moment(name: str) -> None:
    open_index, content, late_ms = FILMS[name]
    found = load(open_index, content, [0, 4, 999, 1005, 2500, 99_000])
    starts = [0, 0, 0, 1, 2, _GROUPS - 1]
    assert [at_ms for at_ms, _ in found] == [start * 1000 + late_ms for start in starts]
    for (_, frame), start in zip(found, starts, strict=True):
        assert frame_of(start) in frame
        assert len(frame) - len(frame_of(start)) in (0, 8, 9, 20)


def test_a_picture_counts_from_when_it_is_shown() -> None:
    film = film_in_flv()
    assert [at_ms for at_ms, _ in load(flv.open_index, film, [1004, 1005])] == [5, 1005]


def test_a_block_that_is_no_keyframe_is_doubted() -> None:
    with pytest.raises(Doubt):
        load(matroska.open_index, film_in_matroska(key=False), [0])


def test_one_of_two_cues_of_a_keyframe_may_lack_its_place() -> None:
    film = film_in_matroska()
    (whole, cues), (_, without) = map(cut_at_cues, (film, film_in_matroska(places=False)))
    twice = whole + element("1c53bb6b", cues + without[: len(without) // _GROUPS])
    assert load(matroska.open_index, twice, [2500]) == load(matroska.open_index, film, [2500])


def cut_at_cues(film: bytes) -> tuple[bytes, bytes]:
    begin = film.rindex(bytes.fromhex("1c53bb6b"))
    return film[:begin], film[begin + 12 :]


@pytest.mark.parametrize("name", FILMS)
@given(place=st.integers(0), damage=st.binary(min_size=1, max_size=8), end=st.integers(0, 50))
def test_damage_raises_doubt_alone(name: str, place: int, damage: bytes, end: int) -> None:
    open_index, whole, _ = FILMS[name]
    content = bytearray(whole)
    at = place % len(content)
    content[at : at + len(damage)] = damage
    cut = bytes(content[:at] if end == 0 else content)
    with suppress(Doubt):
        load(open_index, cut, [0, 2500, 99_000])
