"""Pictures that ffmpeg scaled to few pixels: those that show next to nothing are recognized."""

import subprocess

import pytest

from clipo.local.ffmpeg import wheel_binary
from functions.media.plain import is_plain


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
def test_a_plain_picture_is_recognized(source: str, expected: object) -> None:
    scaled = ["-frames:v", "1", "-vf", "scale=32:32:flags=area,format=rgb24", "-f", "rawvideo", "-"]
    ffmpeg = [str(wheel_binary("ffmpeg")), "-v", "error", "-f", "lavfi", "-i", source]
    pixels = subprocess.run([*ffmpeg, *scaled], capture_output=True, check=True).stdout
    assert is_plain(pixels) is expected
