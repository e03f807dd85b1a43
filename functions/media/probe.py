"""Turns ffprobe's report into a video's metadata."""

import json
import re

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.media import Media
from functions.media import stated_times, streams
from functions.media.colour import Colours
from functions.media.decoders import VIDEO_CODECS
from functions.media.ffmpeg_errors import MAX_PIXELS, MAX_STREAMS
from functions.media.probed import Probed
from functions.media.values import Report, frame_rate, positive, ratio, rotation

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

_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "matroska",
    "mpegts": "mpeg-ts",
    "mpeg": "mpeg-ps",
}
"""Container names, by ffprobe's name of the demuxer, where the two differ."""

_NO_TAG = "[0][0][0][0]"
"""ffprobe's text for a missing codec tag."""

_WEBM_CODECS = {"vp8", "vp9", "av1", "vorbis", "opus"}
"""The codecs that WebM allows: https://www.webmproject.org/docs/container/"""


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
    start_s = stated_times.start(report["format"])
    media = _media(report, video, played, start_s)
    return Probed(
        media=media,
        index=int(video["index"]),
        start_s=start_s or 0,
        late_s=stated_times.delay(video, start_s),
        length_s=stated_times.length(video, start_s) or media.duration_s,
        frame_s=stated_times.frame_length(video),
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
        duration_s=stated_times.duration(report["format"], played, start_s),
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


def _bit_rate(format_: Report) -> int | None:
    bits = positive(format_.get("bit_rate"))
    return int(bits) if bits else None
