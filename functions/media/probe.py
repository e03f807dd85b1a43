"""Turns ffprobe's report into a video's metadata."""

import json
import math
import re
from dataclasses import dataclass, replace

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.media import Media
from functions.media import streams
from functions.media.colour import Colours
from functions.media.decoders import VIDEO_CODECS
from functions.media.ffmpeg_errors import MAX_PIXELS, MAX_STREAMS
from functions.media.values import (
    MAX_NUMBER,
    MAX_RATE,
    Report,
    frame_rate,
    positive,
    ratio,
    rotation,
    stated_rates,
)

_ENTRIES = ":".join(
    [
        "format=format_name,start_time,duration,bit_rate",
        "format_tags=major_brand,ASF_Protection_Type",
        "stream=index,codec_type,codec_name,codec_tag_string,start_time,duration,nb_frames",
        "stream=width,height,pix_fmt,avg_frame_rate,r_frame_rate,time_base",
        "stream=color_space,color_transfer,color_primaries",
        "stream_tags=enc_key_id,alpha_mode,DURATION",
        "stream_disposition=default,attached_pic",
        "stream_side_data=side_data_type,rotation,displaymatrix",
        "stream_side_data=dv_profile,dv_bl_signal_compatibility_id",
        "packet=stream_index",
        "packet_side_data=side_data_type",
        *streams.ENTRIES,
    ]
)


def report_options(*, with_location: bool) -> list[str]:
    """Return ffprobe's options for a report on all streams.

    They limit it to the needed entries, because tags can be megabytes long, and include the first
    16 packets, which ffprobe has read anyway: encrypted packets are marked.
    """
    entries = f"{_ENTRIES}:format_tags={streams.LOCATION_TAGS}" if with_location else _ENTRIES
    return ["-print_format", "json", "-show_entries", entries, "-read_intervals", "%+#16"]


FIRST_PACKET = [
    *("-print_format", "json", "-read_intervals", "%+#1"),
    *("-show_entries", "packet=stream_index:packet_side_data=side_data_type"),
]
"""Options to report a stream's first packet, for a file whose first 16 packets are all sound."""

DEEP = ["-probesize", "50M", "-analyzeduration", "100M"]
"""Options to search longer for the picture, in bytes and microseconds: it may begin late."""

PACKET_TIMES = ["-print_format", "json", "-show_entries", "packet=pts_time"]

ORIENTATION = ["-print_format", "json", "-show_entries", "frame_side_data=rotation,displaymatrix"]
"""Options to report the rotation of the first frames, which the header may not state."""

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""The exceptions that reading a malformed report raises."""

_NAME = re.compile(r"[\w.,\[\] -]{1,64}", re.ASCII)
_DURATION = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)
_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "matroska",
    "mpegts": "mpeg-ts",
    "mpeg": "mpeg-ps",
}
"""Container names, by ffprobe's name of the demuxer, where the two differ."""

_LONG_TICK_S = 0.002
"""Length of a tick from which on its rounding is not that of times in milliseconds."""

_EXACT = 1e-6
"""Share of a tick below which a number is whole."""

_NO_TAG = "[0][0][0][0]"
"""ffprobe's text for a missing codec tag."""

_WEBM_CODECS = {"vp8", "vp9", "av1", "vorbis", "opus"}
"""The codecs that WebM allows: https://www.webmproject.org/docs/container/"""


@dataclass(frozen=True, slots=True)
class Probed:
    """The content of a report: the metadata, and facts that decide how to find a frame."""

    media: Media
    index: int
    """Index of the stream with the picture."""
    start_s: float
    """Time at which the file begins."""
    late_s: float
    """Seconds from the file's beginning to the picture's."""
    length_s: float | None
    """Duration of the picture: sound and subtitles may be longer."""
    frame_s: float
    """Shortest time that a frame is shown, 0 if the rate is unknown."""
    tick_s: float
    """The unit of the picture's times, 0 if it is unknown."""
    palette: bool
    """True if the colours come from a table that only the beginning of the file contains."""
    colours: Colours
    protected: bool
    """True if any part of the file is encrypted, perhaps only a later part or the sound."""
    packet_seen: bool
    """True if the first packets include a video packet, which is then not encrypted."""
    frames: float = 0
    """The number of pictures that the header states."""
    deep: bool = False
    """True if the picture begins so late that only `DEEP` finds it."""
    joined: bool = False
    """True if the times jump, so that only decoding from the beginning finds a moment."""

    @property
    def end_s(self) -> float:
        """The time at which the file ends, 0 if its duration is unknown."""
        return self.start_s + (self.media.duration_s or 0)

    def without_duration(self) -> "Probed":
        """Return the same description of a file that states a wrong duration."""
        media = replace(self.media, duration_s=None, bit_rate=None)
        return replace(self, media=media, length_s=None)

    def tick_after_s(self, at_s: float) -> float:
        """Return the first tick at or after a moment, if ticks are so long that it matters.

        ffmpeg rounds the moment to which it seeks, and the one from which it shows frames, to the
        nearest tick. In AVI and Ogg files a tick is as long as a frame.
        """
        if self.tick_s < _LONG_TICK_S:
            return at_s
        return math.ceil((self.start_s + at_s) / self.tick_s - _EXACT) * self.tick_s - self.start_s

    def position_s(self, share: float) -> float:
        """Return the moment after a share of the picture's duration, 0 if it is unknown."""
        at_s = (self.length_s or 0) * share
        return round(at_s + self.late_s if self.late_s > at_s > 0 else at_s, 3)


def parse_report(stdout: bytes) -> Probed:
    """Parse a report. It is untrusted, because a hostile file may have written it.

    Raises `BadMedia` if there is no playable video stream, and one of `MALFORMED` if the
    report does not describe it.
    """
    return parse(json.loads(stdout))


def parse(report: Report, *, broken: int | None = None) -> Probed:
    """Parse a report as an object. The decoder of the stream with the index `broken` fails."""
    played = [stream for stream in report["streams"] if _is_played(stream)]
    if len(played) > MAX_STREAMS:
        raise BadMedia(failures.TOO_MANY_STREAMS, limit=MAX_STREAMS)
    video = _main_picture(report, broken)
    if _is_encrypted(report, video):
        raise BadMedia(failures.ENCRYPTED)
    start_s = _start_s(report["format"])
    media = _media(report, video, played, start_s)
    return Probed(
        media=media,
        index=int(video["index"]),
        start_s=start_s or 0,
        late_s=_late_s(video, start_s),
        length_s=_length_s(video, start_s) or media.duration_s,
        frame_s=_frame_s(video),
        tick_s=ratio(video.get("time_base")) or 0,
        palette=video.get("pix_fmt") == "pal8",
        colours=Colours.of(video),
        protected=_is_protected(report),
        packet_seen=bool(_packets_of(video, report)),
        frames=positive(video.get("nb_frames")) or 0,
    )


def _is_played(stream: Report) -> bool:
    """Tell whether a stream is picture or sound, and not a cover, a font or a subtitle."""
    if stream.get("codec_type") == "video":
        return not stream["disposition"]["attached_pic"]
    return bool(stream.get("codec_type") == "audio")


def _media(report: Report, video: Report, played: list[Report], start_s: float | None) -> Media:
    audio = next((s for s in played if s.get("codec_type") == "audio"), None)
    width, height = _size(video)
    return Media(
        container=_container(report),
        duration_s=_duration_s(report["format"], played, start_s),
        width=width,
        height=height,
        rotation=rotation(video),
        frame_rate=frame_rate(video),
        video_codec=_name(video["codec_name"]),
        audio_codec=_name(audio.get("codec_name", "unknown")) if audio else None,
        bit_rate=_bit_rate(report["format"]),
        has_audio=audio is not None,
        streams=streams.listed(report),
        created_at=streams.created_at(report),
        chapters=streams.chapters(report),
        stereo_3d=streams.is_stereo_3d(video),
        spherical=streams.is_spherical(video),
        location=streams.location(report),
    )


def _packets_of(video: Report, report: Report) -> list[Report]:
    packets = report.get("packets", [])
    return [packet for packet in packets if packet["stream_index"] == video["index"]]


def _has_key(packet: Report) -> bool:
    kinds = [side_data["side_data_type"] for side_data in packet.get("side_data_list", [])]
    return "Encryption info" in kinds


def is_encrypted(stdout: bytes) -> bool:
    """Tell from a `FIRST_PACKET` report whether the video is encrypted."""
    try:
        return any(map(_has_key, json.loads(stdout)["packets"]))
    except MALFORMED:
        return False


def _is_protected(report: Report) -> bool:
    return any(
        side_data.get("side_data_type") == "Encryption initialization data"
        for stream in report["streams"]
        for side_data in stream.get("side_data_list", [])
    )


def format_name(stdout: bytes) -> str:
    """Return ffprobe's name of the format in a report that could be parsed."""
    return str(json.loads(stdout)["format"]["format_name"])


def picture_codec(stdout: bytes) -> str | None:
    """Return the codec of the first picture in a report, `None` if it does not name it."""
    try:
        streams = json.loads(stdout)["streams"]
        return next(_name(one["codec_name"]) for one in streams if one["codec_type"] == "video")
    except (*MALFORMED, StopIteration):
        return None


def orientation(stdout: bytes) -> int | None:
    """Return the rotation in an `ORIENTATION` report, `None` if the frames do not state one."""
    try:
        for frame in json.loads(stdout)["frames"]:
            if any("rotation" in side_data for side_data in frame.get("side_data_list", [])):
                return rotation(frame)
    except MALFORMED:
        pass
    return None


def last_time_s(stdout: bytes, *, until_s: float) -> float | None:
    """Return the latest time in a `PACKET_TIMES` report that is not after a moment."""
    return max((time for time in times_s(stdout) if time <= until_s), default=None)


def times_s(stdout: bytes) -> list[float]:
    """Return the times in a `PACKET_TIMES` report."""
    try:
        packets = json.loads(stdout)["packets"]
        return [float(packet["pts_time"]) for packet in packets if "pts_time" in packet]
    except MALFORMED:
        return []


def _start_s(part: Report) -> float | None:
    if part.get("start_time") is None:
        return None
    seconds = float(part["start_time"])
    if not abs(seconds) < MAX_NUMBER:
        raise ValueError("The start time is out of range.")
    return seconds


def _main_picture(report: Report, broken: int | None) -> Report:
    """Return the stream that a player shows: neither a cover nor a preview or an empty track."""
    pictures = [
        stream
        for stream in report["streams"]
        if stream.get("codec_type") == "video" and _is_played(stream) and stream["index"] != broken
    ]
    if not pictures:
        raise BadMedia(failures.NO_VIDEO_STREAM)
    picture = max(pictures, key=lambda stream: _rank(stream, report))
    if not _names_codec(picture):
        tag = picture.get("codec_tag_string", _NO_TAG)
        if tag == _NO_TAG:
            raise ValueError("The video stream does not name its codec.")
        raise BadMedia(failures.UNSUPPORTED_CODEC, codec=_name(tag))
    return picture  # type: ignore[no-any-return]  # JSON


def _rank(stream: Report, report: Report) -> tuple[bool, bool, bool, bool, bool, int]:
    """Return a key that is greatest for the main picture. Of equal streams the first one wins."""
    frames = positive(stream.get("nb_frames"))
    moves = frames > 1 if frames else bool(ratio(stream.get("avg_frame_rate")))
    return (
        _names_codec(stream),
        stream.get("codec_name") in VIDEO_CODECS,
        bool(frames) or moves or bool(_packets_of(stream, report)),
        bool(stream["disposition"].get("default")),
        moves,
        stream.get("width", 0) * stream.get("height", 0),
    )


def _names_codec(stream: Report) -> bool:
    return bool(stream.get("codec_name", "unknown") != "unknown")


def _is_encrypted(report: Report, video: Report) -> bool:
    """Tell whether MP4, Matroska or ASF marks the video as encrypted."""
    return (
        any(map(_has_key, _packets_of(video, report)))
        or "enc_key_id" in video.get("tags", {})
        or "ASF_Protection_Type" in report["format"].get("tags", {})
    )


def _container(report: Report) -> str:
    name = _name(report["format"]["format_name"])
    if name.startswith("mov,"):
        brand = report["format"].get("tags", {}).get("major_brand", "")
        return "mov" if brand.strip() in ("qt", "") else "mp4"
    codecs = {stream.get("codec_name") for stream in report["streams"]}
    if name.startswith("matroska,") and codecs <= _WEBM_CODECS:
        return "webm"
    return _CONTAINERS.get(name, name)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("Not a name of a format or codec.")
    return text


def _size(video: Report) -> tuple[int, int]:
    """Return the width and height of the coded picture."""
    width, height = video.get("width", 0), video.get("height", 0)
    if width <= 0 or height <= 0:
        raise ValueError("The video stream has no size.")
    if width * height > MAX_PIXELS:
        raise BadMedia(failures.TOO_MANY_PIXELS, limit=MAX_PIXELS)
    return width, height


def _duration_s(format_: Report, played: list[Report], start_s: float | None) -> float | None:
    """Return the duration of picture and sound: subtitles may go on for hours after them."""
    whole = positive(format_.get("duration"))
    ends = [_end_s(stream, start_s) for stream in played]
    known = [end for end in ends if end]
    if known and (not whole or len(known) == len(ends)):
        return round(min(max(known), whole or MAX_NUMBER), 3)
    return round(whole, 3) if whole else None


def _end_s(stream: Report, start_s: float | None) -> float | None:
    """Return the time from the file's beginning to a stream's end."""
    length_s = _length_s(stream, start_s)
    return length_s + _late_s(stream, start_s) if length_s else None


def _late_s(stream: Report, start_s: float | None) -> float:
    """Return the time from the file's beginning to a stream's, 0 if the file states none."""
    begin_s = _start_s(stream)
    return 0 if begin_s is None or start_s is None else max(0, begin_s - start_s)


def _length_s(stream: Report, start_s: float | None) -> float | None:
    """Return a stream's own duration. In Matroska a tag has the time of its end."""
    stated = positive(stream.get("duration"))
    if stated:
        return stated
    tag = _DURATION.fullmatch(str(stream.get("tags", {}).get("DURATION", "")))
    if not tag:
        return None
    hours, minutes, seconds = tag.groups()
    end_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return max(0, end_s - _late_s(stream, start_s)) or None


def _bit_rate(format_: Report) -> int | None:
    bits = positive(format_.get("bit_rate"))
    return int(bits) if bits else None


def _frame_s(video: Report) -> float:
    return 1 / max((rate for rate in stated_rates(video) if rate <= MAX_RATE), default=math.inf)
