"""The template, the documents and Clipo's ffmpeg agree with the table of formats."""

import re
from pathlib import Path

import pytest

from functions.core.formats import DEMUXERS, EXTENSIONS, FORMATS, NAMES, media_type_of
from functions.media import probe
from tests.documented import API_DOCS

ROOT = Path(__file__).parents[3]
LISTED = {
    "docs/how-it-works.md": r"Accepted are ([^.]+), up to",
    "docs/api.md": r"in one of ([^()]+) \(`ALLOWED_EXTENSIONS`\)",
    "docs/deploy.md": r"`AllowedExtensions` \| the seven \| `(.+)`",
    "template.yaml": r"AllowedExtensions:\n(?:    .+\n)*?    Default: (.+)\n",
}


@pytest.mark.parametrize(("file", "place"), LISTED.items())
def test_every_document_names_exactly_these_extensions(file: str, place: str) -> None:
    (named,) = re.findall(place, (ROOT / file).read_text())
    assert sorted(set(re.findall(r"\w+", named)) - {"and"}) == sorted(EXTENSIONS)


def test_the_uppy_example_accepts_exactly_these_extensions() -> None:
    (named,) = re.findall(r"const EXTENSIONS = \[(.+)\];", API_DOCS.read_text())
    assert sorted(re.findall(r"\"\.(\w+)\"", named)) == sorted(EXTENSIONS)


def test_our_ffmpeg_has_the_demuxers() -> None:
    components = (ROOT / "layers/ffmpeg/components.txt").read_text()
    (built,) = re.findall(r"^demuxer (mov .+)$", components, re.MULTILINE)
    # Matroska's demuxer also reads WebM, and configure calls MPEG program streams `mpegps`.
    named = {"webm": "matroska", "mpeg": "mpegps"}
    assert set(built.split()) == {named.get(one, one) for one in DEMUXERS}


def test_no_playlist_is_among_the_demuxers() -> None:
    assert DEMUXERS == ("mov", "matroska", "webm", "avi", "asf", "flv", "mpegts", "mpeg", "ogg")


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0", {"MP4", "MOV"}),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81", {"MKV", "WebM"}),
        (b"RIFF\n\0\0\0AVI LIST", {"AVI"}),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", {"WMV"}),
        (b"FLV\1\5\0\0\0\x09\0\0\0\0\x12\0\0", {"FLV"}),
        (b"#EXTM3U\n#EXT-X-", set()),
        (b"RIFF\n\0\0\0WAVEfmt ", set()),
    ],
)
def test_signatures(head: bytes, names: set[str]) -> None:
    assert {one.name for one in FORMATS if re.match(one.signature, head, re.DOTALL)} == names


def test_all_formats_are_named_in_a_sentence() -> None:
    assert NAMES == "MP4, MOV, MKV, WebM, AVI, WMV or FLV"


def test_every_container_has_a_media_type() -> None:
    """`media.container` has `probe`'s names, where they differ from the demuxers'."""
    renamed = set(probe._CONTAINERS.values()) | {"mov", "webm"}
    kept = set(DEMUXERS) - set(probe._CONTAINERS)
    assert [one for one in renamed | kept if media_type_of(one) == media_type_of("?")] == []
