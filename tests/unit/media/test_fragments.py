"""Recognizing fragmented MP4 files without an index."""

import pytest

from functions.media.reader.fragments import is_unindexed


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


FTYP, MOOV, MOOF, SIDX = box(b"ftyp", b"isom"), box(b"moov", bytes(99)), box(b"moof"), box(b"sidx")
MDAT = box(b"mdat", bytes(50))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (FTYP + MOOV + MOOF, True),
        (FTYP + box(b"free") + MOOV + box(b"styp") + MOOF, True),
        (FTYP + MOOV + SIDX + MOOF, False),
        (FTYP + MOOV + MDAT, False),
        (FTYP + MDAT[:20], False),
        (FTYP + (1).to_bytes(4) + b"mdat" + bytes(100), False),
        (FTYP + (0).to_bytes(4) + b"mdat" + bytes(100), False),
        (MOOF + FTYP, False),
        (b"\x1a\x45\xdf\xa3 Matroska moof", False),
        (b"", False),
    ],
)
def test_only_fragments_without_an_index_before_them_are_unindexed(
    head: bytes, *, expected: bool
) -> None:
    assert is_unindexed(head) is expected
