"""The supported video formats: the one table that API, engine, template and documents follow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """A format that a user may upload."""

    name: str
    """The name for a person. In lower case it is the filename extension."""
    media_type: str
    demuxer: str
    """ffmpeg's name of the part that reads it."""
    signature: bytes
    """A regular expression that matches the file's first bytes."""

    @property
    def extension(self) -> str:
        """The filename extension, in lower case and without the dot."""
        return self.name.lower()


_ISO_MEDIA = b".{4}ftyp"
EBML = b"\x1a\x45\xdf\xa3"
"""The first bytes of Matroska and WebM: https://www.rfc-editor.org/rfc/rfc8794#name-ebml-header"""

FORMATS = (
    VideoFormat("MP4", "video/mp4", "mov", _ISO_MEDIA),
    VideoFormat("MOV", "video/quicktime", "mov", _ISO_MEDIA),
    VideoFormat("MKV", "video/x-matroska", "matroska", EBML),
    VideoFormat("WebM", "video/webm", "webm", EBML),
    VideoFormat("AVI", "video/x-msvideo", "avi", b"RIFF.{4}AVI "),
    VideoFormat("WMV", "video/x-ms-wmv", "asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    VideoFormat("FLV", "video/x-flv", "flv", rb"FLV\x01"),
)

_MISNAMED_DEMUXERS = ("mpegts", "mpeg", "ogg")
"""Demuxers of formats that users upload under another format's extension."""

DEMUXERS = tuple(dict.fromkeys([*(one.demuxer for one in FORMATS), *_MISNAMED_DEMUXERS]))
"""The only demuxers that ffmpeg may use on an upload.

A whitelist of protocols does not stop playlists. This list keeps ffmpeg from opening the second
file that an m3u8 or ffconcat called .mp4 names.
"""

EXTENSIONS = tuple(one.extension for one in FORMATS)

MEDIA_TYPES = {one.extension: one.media_type for one in FORMATS}

_CONTAINER_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "matroska": "video/x-matroska",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
    "asf": "video/x-ms-wmv",
    "flv": "video/x-flv",
    "mpeg-ts": "video/mp2t",
    "mpeg-ps": "video/mpeg",
    "ogg": "video/ogg",
}
"""Media types by the container that was found in the file, whatever its name says."""

NAMES = f"{', '.join(one.name for one in FORMATS[:-1])} or {FORMATS[-1].name}"
"""All formats, for a sentence: "MP4, … or FLV"."""


def media_type_of(container: str) -> str:
    """Return the media type of a file by its container."""
    return _CONTAINER_TYPES.get(container, "application/octet-stream")
