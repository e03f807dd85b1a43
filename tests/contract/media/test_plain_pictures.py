"""JPEGs of ffmpeg's encoder: those that show next to nothing are recognized."""

from pathlib import Path

import pytest

from functions.media.plain import is_plain
from tests.clips import ffmpeg


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("color=black:size=320x240", True),
        ("color=black:size=320x240,noise=alls=20", True),
        ("color=white:size=318x178", True),
        ("color=0x3050c0:size=16x16", True),
        ("color=0x3050c0:size=320x240,drawbox=100:100:60:40:white:fill", False),
        ("testsrc2=size=320x240", False),
        ("testsrc2=size=134x240,noise=alls=30", False),
        ("color=black:size=320x240,drawbox=40:40:200:90:white:fill", False),
    ],
)
def test_a_plain_picture_is_recognized(tmp_path: Path, source: str, expected: object) -> None:
    jpeg = tmp_path / "picture.jpg"
    encoded = ["-frames:v", "1", "-pix_fmt", "yuvj420p", "-q:v", "2", "-update", "1", str(jpeg)]
    ffmpeg("-f", "lavfi", "-i", source, *encoded)
    assert is_plain(jpeg.read_bytes()) is expected
