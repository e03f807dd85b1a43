"""Turns ffprobe's report into a video's metadata."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.video import Media
from functions.media.ffmpeg_errors import MAX_PIXELS, MAX_STREAMS

Report = Mapping[str, Any]

_ENTRIES = ":".join(
    [
        "format=format_name,start_time,duration,bit_rate",
        "format_tags=major_brand,ASF_Protection_Type",
        "stream=index,codec_type,codec_name,codec_tag_string,duration,width,height",
        "stream=pix_fmt,sample_aspect_ratio,avg_frame_rate,r_frame_rate",
        "stream_tags=enc_key_id",
        "stream_disposition=attached_pic",
        "stream_side_data=side_data_type,rotation,crop_top,crop_bottom,crop_left,crop_right",
        "packet=stream_index",
        "packet_side_data=side_data_type",
    ]
)
REPORT = ["-print_format", "json", "-show_entries", _ENTRIES, "-read_intervals", "%+#16"]
"""Options that limit ffprobe's report to the needed entries, because tags can be megabytes long.

They include the first 16 packets, which ffprobe has read anyway: encrypted packets are marked.
"""

FIRST_PACKET = [
    *("-print_format", "json", "-select_streams", "V:0", "-read_intervals", "%+#1"),
    *("-show_entries", "packet=stream_index:packet_side_data=side_data_type"),
]
"""Options to report the video's first packet, for a file whose first 16 packets are all sound."""

PICTURE_REPORT = ["-print_format", "json", "-show_entries", "frame=width,height"]

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""The exceptions that reading a malformed report raises."""

_MAX_SIDE = 10_000
"""Largest width and height of a thumbnail, in pixels."""

_NAME = re.compile(r"[\w.,\[\] -]{1,64}", re.ASCII)
MAX_PIXEL_ASPECT = 100
"""Largest ratio of a pixel's sides. Beyond it the file is damaged, and pixels count as square."""

MAX_NUMBER = 2**53
"""Upper bound of the numbers that JSON and the database hold exactly."""

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


@dataclass(frozen=True, slots=True)
class Probed:
    """The content of a `REPORT`: the metadata, and facts that decide how to find a frame."""

    media: Media
    start_s: float
    """Time at which the file begins."""
    palette: bool
    """Whether the colours come from a table that stands only at the beginning."""
    protected: bool
    """Whether some part of the file is encrypted: perhaps only a later part, or the sound."""
    packet_seen: bool
    """Whether the first packets include a video packet, which is then not encrypted."""


def parse_report(stdout: bytes) -> Probed:
    """Parse a `REPORT`. It is untrusted, because a hostile file may have written it.

    Raises `BadMedia` if there is no playable video stream, and one of `MALFORMED` if the
    report does not describe it.
    """
    report: Report = json.loads(stdout)
    if sum(stream.get("codec_type") != "attachment" for stream in report["streams"]) > MAX_STREAMS:
        raise BadMedia(failures.TOO_MANY_STREAMS, limit=MAX_STREAMS)
    video = _video_stream(report)
    if _is_encrypted(report, video):
        raise BadMedia(failures.ENCRYPTED)
    return Probed(
        media=_media(report, video),
        start_s=_start_s(report["format"]),
        palette=video.get("pix_fmt") == "pal8",
        protected=_is_protected(report),
        packet_seen=bool(_packets_of(video, report)),
    )


def _media(report: Report, video: Report) -> Media:
    audio = next((s for s in report["streams"] if s.get("codec_type") == "audio"), None)
    rotation = _rotation(video)
    width, height = _display_size(video, rotation)
    return Media(
        container=_container(report),
        duration_s=_duration(report["format"]) or _duration(video),
        width=width,
        height=height,
        rotation=rotation,
        frame_rate=_frame_rate(video),
        video_codec=_name(video["codec_name"]),
        audio_codec=_name(audio.get("codec_name", "unknown")) if audio else None,
        bit_rate=_bit_rate(report["format"]),
        has_audio=audio is not None,
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


def picture_size(stdout: bytes) -> tuple[int, int] | None:
    """Return the width and height in a `PICTURE_REPORT`, `None` if no picture was decoded."""
    try:
        frame = json.loads(stdout)["frames"][0]
        width, height = int(frame["width"]), int(frame["height"])
    except MALFORMED:
        return None
    return (width, height) if 0 < width < _MAX_SIDE and 0 < height < _MAX_SIDE else None


def _start_s(format_: Report) -> float:
    seconds = float(format_.get("start_time") or 0)
    if not abs(seconds) < MAX_NUMBER:
        raise ValueError("The start time is out of range.")
    return seconds


def _video_stream(report: Report) -> Report:
    """Return the stream that ffmpeg's `0:V:0` selects: the first that is not a cover picture."""
    for stream in report["streams"]:
        if stream.get("codec_type") == "video" and not stream["disposition"]["attached_pic"]:
            break
    else:
        raise BadMedia(failures.NO_VIDEO_STREAM)
    if stream.get("codec_name", "unknown") == "unknown":
        tag = stream.get("codec_tag_string", _NO_TAG)
        if tag == _NO_TAG:
            raise ValueError("The video stream does not name its codec.")
        raise BadMedia(failures.UNSUPPORTED_CODEC, codec=_name(tag))
    return stream  # type: ignore[no-any-return]  # JSON


def _is_encrypted(report: Report, video: Report) -> bool:
    """Tell whether the video decodes to noise without a key, as MP4, Matroska or ASF mark it."""
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


def _rotation(video: Report) -> int:
    """Return the rotation in degrees clockwise; ffprobe reports it anticlockwise.

    As in ffmpeg, a rotation that is not within a degree of a quarter turn counts as none.
    """
    for side_data in video.get("side_data_list", []):
        if "rotation" in side_data:
            degrees = -float(side_data["rotation"])
            quarters = round(degrees / 90)
            return quarters * 90 % 360 if abs(degrees - quarters * 90) < 1 else 0
    return 0


def _display_size(video: Report, rotation: int) -> tuple[int, int]:
    """Return the width and height that a player shows: cropped, stretched and rotated."""
    width, height = video.get("width", 0), video.get("height", 0)
    if width <= 0 or height <= 0:
        raise ValueError("The video stream has no size.")
    if width * height > MAX_PIXELS:
        raise BadMedia(failures.TOO_MANY_PIXELS, limit=MAX_PIXELS)
    pixel_aspect = _ratio(video.get("sample_aspect_ratio", "").replace(":", "/")) or 1
    if not 1 / MAX_PIXEL_ASPECT <= pixel_aspect <= MAX_PIXEL_ASPECT:
        pixel_aspect = 1
    for side_data in video.get("side_data_list", []):
        width -= side_data.get("crop_left", 0) + side_data.get("crop_right", 0)
        height -= side_data.get("crop_top", 0) + side_data.get("crop_bottom", 0)
    if width <= 0 or height <= 0:
        raise ValueError("The whole picture is cropped away.")
    width = max(1, round(width * pixel_aspect))
    return (height, width) if rotation in (90, 270) else (width, height)


def _duration(part: Report) -> float | None:
    seconds = _positive(part.get("duration"))
    return round(seconds, 3) if seconds else None


def _bit_rate(format_: Report) -> int | None:
    bits = _positive(format_.get("bit_rate"))
    return int(bits) if bits else None


def _frame_rate(video: Report) -> float | None:
    """Return the frames per second: 29.97 for "30000/1001"."""
    rate = _ratio(video.get("avg_frame_rate")) or _ratio(video.get("r_frame_rate"))
    return round(rate, 3) if rate else None


def _ratio(text: str | None) -> float | None:
    """Return the value of "4/3", and `None` for "0/0"."""
    above, _, below = (text or "").partition("/")
    numerator, denominator = _positive(above), _positive(below)
    return numerator / denominator if numerator and denominator else None


def _positive(text: str | None) -> float | None:
    """Return a number above zero that can be stored, `None` for "0", "N/A" and the like."""
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if 0 < number < MAX_NUMBER else None
