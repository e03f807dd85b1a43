"""The size of a JPEG that ffmpeg's encoder wrote, and of nothing else."""

from pathlib import Path

import pytest

from functions.media import jpeg

PICTURE = (Path(__file__).parent / "thumbnail.jpg").read_bytes()
"""A JPEG of 32 by 18 pixels by `ffmpeg -f lavfi -i testsrc2=s=32x18:d=1 -frames:v 1`."""

SIZE_AT = PICTURE.index(b"\xff\xc0") + 5
SCAN_AT = PICTURE.index(b"\xff\xda")


def test_a_whole_picture_has_a_size() -> None:
    assert jpeg.size(PICTURE) == (32, 18)


def test_a_picture_with_a_colour_profile_has_a_size() -> None:
    profile = b"\xff\xe2\0\x0fICC_PROFILE\0\1"
    assert jpeg.size(PICTURE[:2] + profile + PICTURE[2:]) == (32, 18)


def test_a_part_of_a_picture_has_none() -> None:
    assert {jpeg.size(PICTURE[:end]) for end in range(len(PICTURE))} == {None}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(PICTURE + b"<script>", id="more after its end"),
        pytest.param(b"GIF89a" + PICTURE, id="something before it"),
        pytest.param(PICTURE[:2] + b"\xff\xe1\0\x08Exif" + PICTURE[2:], id="Exif"),
        pytest.param(PICTURE[:2] + PICTURE[SCAN_AT:], id="no size"),
        pytest.param(PICTURE[:SIZE_AT] + b"\0\0" + PICTURE[SIZE_AT + 2 :], id="no height"),
        pytest.param(PICTURE[:SIZE_AT] + b"\xff\xff" + PICTURE[SIZE_AT + 2 :], id="too high"),
        pytest.param(PICTURE.replace(b"\xff\xc0", b"\xff\xc2"), id="progressive"),
        pytest.param(PICTURE[:-2] + b"\xff\xc4" + PICTURE[-2:], id="a marker in the picture"),
    ],
)
def test_anything_else_has_none(other: bytes) -> None:
    assert jpeg.size(other) is None
