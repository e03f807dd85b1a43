"""Reads pixels of thumbnails."""

import subprocess

from clipo.local.ffmpeg import wheel_binary
from functions.media.thumbnail import Frame


def pixel(frame: Frame, x: float, y: float) -> tuple[int, int, int]:
    """Return the colour at a position, given as fractions of the picture's size."""
    crop = f"crop=1:1:{int(x * frame.width)}:{int(y * frame.height)}"
    finished = subprocess.run(
        [
            *(str(wheel_binary("ffmpeg")), "-v", "error", "-f", "jpeg_pipe", "-i", "-"),
            *("-vf", f"format=rgb24,{crop}", "-f", "rawvideo", "-"),
        ],
        input=frame.jpeg,
        capture_output=True,
        check=True,
    )
    red, green, blue = finished.stdout[:3]
    return red, green, blue


def tiles_of(picture: bytes, count: int) -> list[list[tuple[int, ...]]]:
    """Return the average colours of `count` by `count` parts of a picture, row by row."""
    finished = subprocess.run(
        [
            *(str(wheel_binary("ffmpeg")), "-v", "error", "-i", "-"),
            *("-vf", f"format=rgb24,scale={count}:{count}:flags=area", "-f", "rawvideo", "-"),
        ],
        input=picture,
        capture_output=True,
        check=True,
    )
    pixels = [tuple(finished.stdout[at : at + 3]) for at in range(0, 3 * count**2, 3)]
    return [pixels[row * count : (row + 1) * count] for row in range(count)]


def size_of(picture: bytes) -> tuple[int, int]:
    """Return the width and the height of a picture that can be decoded."""
    probed = subprocess.run(
        [
            *(str(wheel_binary("ffprobe")), "-v", "error", "-of", "csv=p=0"),
            *("-show_entries", "frame=width,height", "-"),
        ],
        input=picture,
        capture_output=True,
        check=True,
    )
    assert not probed.stderr, probed.stderr
    width, height = probed.stdout.decode().strip().split(",")[:2]
    return int(width), int(height)
