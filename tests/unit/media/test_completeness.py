"""Files whose end is missing."""

import pytest

from functions.media.completeness import is_truncated
from tests.boxes import box
from tests.fakes.content import in_memory

FTYP = box(b"ftyp", b"isom")
MOOV = box(b"moov", bytes(40))
MDAT = box(b"mdat", bytes(1000))
EBML = b"\x1a\x45\xdf\xa3\x80"
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + (30).to_bytes(8, "little")
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c") + (1024).to_bytes(8, "little")
TAG = b"\x09" + (100).to_bytes(3) + bytes(7 + 100) + (111).to_bytes(4)

COMPLETE = {
    "mp4 with its index first": FTYP + MOOV + MDAT,
    "mp4 with its index last": FTYP + MDAT + MOOV,
    "mp4 of 64 bits": FTYP + (1).to_bytes(4) + b"mdat" + (1016).to_bytes(8) + bytes(1000),
    "mkv": EBML + b"\x18\x53\x80\x67\x43\xe8" + bytes(1000),
    "avi": b"RIFF" + (1000).to_bytes(4, "little") + b"AVI " + bytes(996),
    "wmv": ASF_HEADER.ljust(30, b"\0") + ASF_DATA + bytes(1000),
    "flv": b"FLV\x01".ljust(13, b"\0") + 10 * TAG,
}
SILENT = {
    "an mp4 box to the end": FTYP + (0).to_bytes(4) + b"mdat" + bytes(1000),
    "another box": FTYP + (5000).to_bytes(4) + b"free" + bytes(1000),
    "a live mkv": EBML + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + bytes(1000),
    "an flv without sizes": b"FLV\x01".ljust(13, b"\0") + 10 * (TAG[:-4] + bytes(4)),
    "mpeg": b"\x47" + bytes(1000),
    "nothing": b"",
}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_file_without_its_end_is_truncated(name: str) -> None:
    content = COMPLETE[name]
    assert not is_truncated(in_memory(content))
    assert is_truncated(in_memory(content[:600]))


@pytest.mark.parametrize("name", SILENT)
def test_a_file_that_does_not_state_its_length_counts_as_complete(name: str) -> None:
    assert not is_truncated(in_memory(SILENT[name]))
    assert not is_truncated(in_memory(SILENT[name][:600]))
