"""Tells which formats of pictures an ffmpeg can write."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.core.pictures import PictureFormat
from functions.media import sandbox
from functions.media.picture import NoEncoder

_START_S = 20


def check(ffmpeg: str, picture_format: PictureFormat) -> None:
    """Raise `NoEncoder` if an ffmpeg cannot write a format. Every ffmpeg writes JPEG."""
    if picture_format is PictureFormat.WEBP and not _writes_webp(ffmpeg):
        raise NoEncoder(picture_format)


@cache
def _writes_webp(ffmpeg: str) -> bool:
    command = [ffmpeg, "-v", "error", "-h", "encoder=libwebp"]
    with TemporaryDirectory() as directory:
        described = sandbox.run(command, directory=Path(directory), timeout_s=_START_S)
    return described.stdout.startswith(b"Encoder")
