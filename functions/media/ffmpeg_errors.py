"""Maps ffmpeg 8.1's messages to the reason why a file cannot be processed."""

import re

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.formats import FORMATS

MAX_PIXELS = 8192 * 4352
"""One frame of 8K cinema, which takes 160 MB when decoded at 10 bits."""

MAX_STREAMS = 16
"""Most streams of pictures and sound in one file."""

MAX_OTHER_STREAMS = 484
"""Most streams besides: films bring dozens of subtitles, and hundreds of fonts for them."""

_TOO_MANY_STREAMS = re.compile(r"exceeds max_streams")
_TOO_MANY_PIXELS = re.compile(r"exceeds specified max pixel count")
_NO_MEMORY = re.compile(r"Cannot allocate memory|Out of memory")  # glibc, and musl
_NOT_ALLOWED = re.compile(r"Codec \((\w+)\) not on whitelist")
_MISSING_DECODER = re.compile(r"no decoder found for: (?!none\b|unknown\b)(\w+)")
_NO_DECODER = re.compile(
    r"[Dd]ecoder not found|Decoder \(codec \S+\) not found|hardware accelerated \S+ decoding"
    r"|to decoder: Function not implemented"
)
_NO_ZLIB = re.compile(r"requires zlib support|Unsupported encoding type")
_NO_KEYFRAME = re.compile(r"first frame is no keyframe")
_SIGNATURE = re.compile(b"|".join(one.signature for one in FORMATS), re.DOTALL)
_DEMUXER_MESSAGE = re.compile(
    r"^\[(?!http @|tcp @|.*Format not on whitelist)[\w,]+ @ 0x", re.MULTILINE
)


def has_too_many_streams(stderr: str) -> bool:
    """Tell whether ffprobe found too many streams: some demuxers report it and go on."""
    return _TOO_MANY_STREAMS.search(stderr) is not None


def began_between_keyframes(stderr: str) -> bool:
    """Tell whether a decoder of the MPEG-4 family began at a frame that needs an earlier one."""
    return _NO_KEYFRAME.search(stderr) is not None


def unreadable(
    stderr: str, *, head: bytes, crashed: bool = False, codec: str | None = None
) -> BadMedia:
    """Return the error for a file on which ffprobe failed or crashed.

    `head` is the beginning of the file, and `codec` the picture's, if it is known.
    """
    if known := _known(stderr, codec):
        return known
    if crashed or _DEMUXER_MESSAGE.search(stderr) or _SIGNATURE.match(head):
        return BadMedia(failures.DAMAGED)
    return BadMedia(failures.NOT_A_VIDEO)


def undescribed(stderr: str, codec: str | None) -> BadMedia:
    """Return the error for a file whose ffprobe report is incomplete."""
    return _known(stderr, codec) or BadMedia(failures.UNDESCRIBED)


def undecodable(stderr: str, codec: str) -> BadMedia:
    """Return the error for a file from which no picture could be decoded."""
    if known := _known(stderr, codec):
        return known
    if _NO_DECODER.search(stderr):
        return _unsupported(codec)
    return BadMedia(failures.UNDECODABLE)


def _known(stderr: str, picture_codec: str | None) -> BadMedia | None:
    """Return the error that ffmpeg's messages name, `None` if they name none.

    A missing decoder of the sound does not matter: the picture's is meant if it is known.
    """
    if _TOO_MANY_PIXELS.search(stderr):
        return BadMedia(failures.TOO_MANY_PIXELS, limit=MAX_PIXELS)
    if _NO_MEMORY.search(stderr):
        return BadMedia(failures.OUT_OF_MEMORY)
    if _NO_ZLIB.search(stderr):
        return BadMedia(failures.UNSUPPORTED_COMPRESSION)
    missing = _NOT_ALLOWED.findall(stderr) + _MISSING_DECODER.findall(stderr)
    codec = next((one for one in missing if picture_codec in (one, None)), None)
    return _unsupported(codec) if codec else None


def _unsupported(codec: str) -> BadMedia:
    cause = failures.UNSUPPORTED_AV1 if codec == "av1" else failures.UNSUPPORTED_CODEC
    return BadMedia(cause, codec=codec)
