"""Reads the size of a picture that ffmpeg encoded, and refuses an incomplete one."""

from functions.core.pictures import PictureFormat
from functions.media import jpeg
from functions.media.picture import Picture

_WEBP_HEADER = 30
"""Bytes up to the height of a WebP picture, and with it."""

_KEYFRAME = b"\x9d\x01\x2a"
"""What stands before the width: the start code of a VP8 keyframe."""

_SIDE = 0x3FFF
"""The bits of a side. The two above them state a scale for display."""


def picture(content: bytes, picture_format: PictureFormat) -> Picture | None:
    """Return the picture, `None` unless it is complete and nothing else."""
    measure = jpeg.size if picture_format is PictureFormat.JPEG else _webp_size
    size = measure(content)
    return Picture(content, *size) if size else None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a lossy picture without further chunks.

    https://developers.google.com/speed/webp/docs/riff_container and RFC 6386, section 9.1.
    """
    if len(content) < _WEBP_HEADER or content[8:16] != b"WEBPVP8 " or content[:4] != b"RIFF":
        return None
    whole, coded = (int.from_bytes(content[at : at + 4], "little") for at in (4, 16))
    if whole != len(content) - 8 or whole != 12 + coded + coded % 2 or content[23:26] != _KEYFRAME:
        return None
    width, height = (int.from_bytes(content[at : at + 2], "little") & _SIDE for at in (26, 28))
    return (width, height) if width and height else None
