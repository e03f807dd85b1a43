"""What ffmpeg 8.1 says of a file, and what that means to a person."""

import re

from functions.core.failures import BadMedia, Code

MAX_PIXELS = 8192 * 4352
"""A frame of 8K cinema; 160 MB decoded at 10 bits."""

MAX_STREAMS = 16
"""Of pictures, sound and text. Films with subtitles bring dozens of fonts besides."""

MAX_ATTACHMENTS = 84

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
_SIGNATURE = re.compile(
    rb".{4}ftyp|RIFF.{4}AVI |\x1a\x45\xdf\xa3|FLV\x01|\x30\x26\xb2\x75\x8e\x66\xcf\x11", re.DOTALL
)
"""How MP4 and MOV, AVI, Matroska and WebM, FLV and WMV begin."""

_DEMUXER_SPOKE = re.compile(
    r"^\[(?!http @|tcp @|.*Format not on whitelist)[\w,]+ @ 0x", re.MULTILINE
)


def of_too_many_streams(stderr: str) -> bool:
    """Tell a file with more streams than we look at: some demuxers complain, and go on."""
    return _TOO_MANY_STREAMS.search(stderr) is not None


def unreadable(stderr: str, *, head: bytes, crashed: bool) -> BadMedia:
    """Return the error of a file that ffprobe gave up, or crashed, on, and that begins so."""
    known = _known(stderr)
    if known:
        return known
    if crashed or _DEMUXER_SPOKE.search(stderr) or _SIGNATURE.match(head):
        return BadMedia(
            Code.CORRUPT,
            "The file is damaged or incomplete. Upload it again from the original.",
        )
    return BadMedia(
        Code.NOT_A_VIDEO,
        "The file is not a video that we know, whatever its name says."
        " Upload an MP4, MOV, MKV, WebM, AVI, WMV or FLV.",
    )


def undescribed(stderr: str) -> BadMedia:
    """Return the error of a file about which ffprobe could not say what a player needs."""
    return _known(stderr) or BadMedia(
        Code.CORRUPT,
        "The file does not say what its video is like: it is damaged or incomplete."
        " Upload it again from the original.",
    )


def undecodable(stderr: str, codec: str) -> BadMedia:
    """Return the error of a file from which no picture could be decoded."""
    known = _known(stderr)
    if known:
        return known
    if _NO_DECODER.search(stderr):
        return unsupported_codec(codec)
    return BadMedia(
        Code.CORRUPT, "No picture can be decoded from the video. The file may be damaged."
    )


def _known(stderr: str) -> BadMedia | None:
    if _TOO_MANY_PIXELS.search(stderr):
        return too_many_pixels()
    if _NO_MEMORY.search(stderr):
        return out_of_memory()
    if _NO_ZLIB.search(stderr):
        return BadMedia(
            Code.UNSUPPORTED_CODEC,
            "The file is packed in a way that is not supported. Convert it to MP4 (H.264)"
            " and upload it again.",
        )
    codec = _NOT_ALLOWED.search(stderr) or _MISSING_DECODER.search(stderr)
    return unsupported_codec(codec[1]) if codec else None


def too_many_streams() -> BadMedia:
    """Return the error of a file with more streams than we look at."""
    return BadMedia(
        Code.TOO_MANY_STREAMS,
        f"The file has more than {MAX_STREAMS} streams. Keep one video and one sound track.",
    )


def too_many_pixels() -> BadMedia:
    """Return the error of a picture that is too large to be decoded."""
    return BadMedia(
        Code.TOO_MANY_PIXELS,
        f"The picture is larger than {MAX_PIXELS:,} pixels (8K). Upload a smaller version.",
    )


def out_of_memory() -> BadMedia:
    """Return the error of a file that takes more memory than a child may have."""
    return BadMedia(
        Code.OUT_OF_MEMORY,
        "The video needs more memory than there is. Upload a smaller version.",
    )


def too_slow() -> BadMedia:
    """Return the error of a file that takes more time than a child may have."""
    return BadMedia(
        Code.TIMED_OUT, "Reading the video takes too long. Upload a shorter or simpler version."
    )


def unsupported_codec(name: str) -> BadMedia:
    """Return the error of a codec that cannot be decoded here."""
    return BadMedia(
        Code.UNSUPPORTED_CODEC,
        f"The codec {name} is not supported. Convert the video to H.264 and upload it again.",
    )


def encrypted() -> BadMedia:
    """Return the error of a copy-protected file."""
    return BadMedia(
        Code.UNSUPPORTED_CODEC,
        "The video is encrypted (DRM) and cannot be decoded. Upload it without copy protection.",
    )
