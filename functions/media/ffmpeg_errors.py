"""Maps ffmpeg 8.1's messages to the reason why a file cannot be processed."""

import re

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.formats import FORMATS

MAX_PIXELS = 8192 * 4352
"""One frame of 8K cinema, which takes 160 MB when decoded at 10 bits."""

MAX_STREAMS = 16
"""Most streams of pictures, sound and text in one file."""

MAX_ATTACHMENTS = 84
"""Most attached files besides: films with subtitles bring dozens of fonts."""

_TOO_MANY_STREAMS = re.compile(r"exceeds max_streams")
_TOO_MANY_PIXELS = re.compile(r"exceeds specified max pixel count")
_NO_MEMORY = re.compile(r"Cannot allocate memory")
_NOT_ALLOWED = re.compile(r"Codec \((\w+)\) not on whitelist")
_MISSING_DECODER = re.compile(r"no decoder found for: (?!none\b|unknown\b)(\w+)")
_NO_DECODER = re.compile(
    r"Function not implemented|[Dd]ecoder not found|Decoder \(codec \S+\) not found"
    r"|hardware accelerated \S+ decoding"
)
_NO_ZLIB = re.compile(r"requires zlib support|Unsupported encoding type")
_SIGNATURE = re.compile(b"|".join(one.signature for one in FORMATS), re.DOTALL)
_DEMUXER_MESSAGE = re.compile(
    r"^\[(?!http @|tcp @|.*Format not on whitelist)[\w,]+ @ 0x", re.MULTILINE
)


def has_too_many_streams(stderr: str) -> bool:
    """Tell whether ffprobe found too many streams: some demuxers report it and go on."""
    return _TOO_MANY_STREAMS.search(stderr) is not None


def unreadable(stderr: str, *, head: bytes, crashed: bool) -> BadMedia:
    """Return the error for a file on which ffprobe failed or crashed.

    `head` is the beginning of the file.
    """
    if known := _known(stderr):
        return known
    if crashed or _DEMUXER_MESSAGE.search(stderr) or _SIGNATURE.match(head):
        return BadMedia(failures.DAMAGED)
    return BadMedia(failures.NOT_A_VIDEO)


def undescribed(stderr: str) -> BadMedia:
    """Return the error for a file whose ffprobe report is incomplete."""
    return _known(stderr) or BadMedia(failures.UNDESCRIBED)


def undecodable(stderr: str, codec: str) -> BadMedia:
    """Return the error for a file from which no picture could be decoded."""
    if known := _known(stderr):
        return known
    if _NO_DECODER.search(stderr):
        return BadMedia(failures.UNSUPPORTED_CODEC, codec=codec)
    return BadMedia(failures.UNDECODABLE)


def _known(stderr: str) -> BadMedia | None:
    if _TOO_MANY_PIXELS.search(stderr):
        return BadMedia(failures.TOO_MANY_PIXELS, limit=MAX_PIXELS)
    if _NO_MEMORY.search(stderr):
        return BadMedia(failures.OUT_OF_MEMORY)
    if _NO_ZLIB.search(stderr):
        return BadMedia(failures.UNSUPPORTED_COMPRESSION)
    codec = _NOT_ALLOWED.search(stderr) or _MISSING_DECODER.search(stderr)
    return BadMedia(failures.UNSUPPORTED_CODEC, codec=codec[1]) if codec else None
