"""What a video file contains: values only. `functions/media` finds them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MediaWarning(StrEnum):
    """A fault in a file that can be played nevertheless."""

    TRUNCATED = "truncated"
    """The end of the file is missing."""
    DOLBY_VISION_5 = "dolby_vision_5"
    """The colours are Dolby Vision's own, and the thumbnail is grey."""


class StreamKind(StrEnum):
    """The kind of a stream."""

    VIDEO = "video"
    AUDIO = "audio"
    SUBTITLE = "subtitle"
    DATA = "data"
    """Timecodes, positions, and streams whose kind ffprobe does not know."""
    ATTACHMENT = "attachment"
    """A file within the file, such as a font."""
    COVER = "cover"
    """A still picture beside the video."""


class Hdr(StrEnum):
    """The kind of a video's high dynamic range."""

    HLG = "hlg"
    PQ = "pq"
    """HDR10 and its relatives."""
    DOLBY_VISION = "dolby_vision"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a file. `None` stands for a value that the file does not contain."""

    index: int
    kind: StreamKind
    codec: str | None
    language: str | None
    """The language as a tag of two or three letters, perhaps with a region."""
    default: bool
    """Whether a player chooses this stream among those of its kind."""


@dataclass(frozen=True, slots=True)
class VideoStream(Stream):
    """A stream of moving pictures. Names of formats and colours are ffmpeg's."""

    profile: str | None
    level: str | None
    pixel_format: str | None
    bit_depth: int | None
    width: int | None
    """The width of the coded picture in pixels."""
    height: int | None
    rotation: int
    display_aspect_ratio: str | None
    frame_rate: float | None
    interlaced: bool | None
    bit_rate: int | None
    hdr: Hdr | None
    dolby_vision_profile: int | None
    color_range: str | None
    color_space: str | None
    color_transfer: str | None
    color_primaries: str | None


@dataclass(frozen=True, slots=True)
class AudioStream(Stream):
    """A stream of sound."""

    channels: int | None
    channel_layout: str | None
    sample_rate: int | None
    bit_rate: int | None


@dataclass(frozen=True, slots=True)
class Location:
    """The place at which a video was recorded, as WGS 84 coordinates."""

    latitude: float
    longitude: float
    altitude_m: float | None


@dataclass(frozen=True, slots=True)
class Media:
    """The metadata of a video file. `None` stands for a value that the file does not contain."""

    container: str
    duration_s: float | None
    width: int
    """The width of the displayed picture in pixels, after rotation and pixel aspect ratio."""
    height: int
    rotation: int
    """The clockwise turn of the coded picture for display, in degrees: 0, 90, 180 or 270."""
    frame_rate: float | None
    video_codec: str
    audio_codec: str | None
    bit_rate: int | None
    """The average bit rate of the whole file, in bits per second."""
    has_audio: bool
    warnings: tuple[MediaWarning, ...] = ()
    """Faults in a file that can be played nevertheless."""
    streams: tuple[Stream, ...] = ()
    """The first streams of the file; none in a record of release 0.1."""
    created_at: datetime | None = None
    """The time at which the file was recorded or written, as it says itself."""
    chapters: int = 0
    stereo_3d: bool = False
    """Whether the main picture consists of one for each eye."""
    spherical: bool = False
    """Whether the main picture is a panorama (360 degrees)."""
    faststart: bool | None = None
    """Whether an MP4 or QuickTime file can be played before all of it has been downloaded."""
    location: Location | None = None
    """The place of the recording, if `STORE_LOCATION` is on."""

    @property
    def duration(self) -> str | None:
        """The duration as the legacy endpoint shows it: HH:MM:SS, rounded to the second."""
        if self.duration_s is None:
            return None
        minutes, seconds = divmod(round(self.duration_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{seconds:02}"
