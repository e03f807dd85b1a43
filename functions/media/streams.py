"""Lists the streams of a file, and reads the other facts that its header states.

The report is untrusted, and none of these facts is needed: an odd value becomes `None`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import gcd
from typing import Any, Final

from functions.core.media import AudioStream, Hdr, Location, Stream, StreamKind, VideoStream
from functions.media.values import Report, frame_rate, rotation, whole

MAX_LISTED = 32
"""Most streams that the record lists. Films bring hundreds of fonts."""

_MAX_TEXT = 40
_TEXT = re.compile(r"[\w.,:()/+ -]+", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_RATIO = re.compile(r"[1-9]\d{0,4}:[1-9]\d{0,4}")
_DEEP = re.compile(r"(9|1[02456])(?:le|be)$")
_RGB_WORDS = re.compile(r"(?:rgb|bgr)(?:48|a64)|[rb]gba64")
_UNKNOWN = ("unknown", "und", "none", "N/A", "")
_HDR = {"arib-std-b67": Hdr.HLG, "smpte2084": Hdr.PQ}
_CHANNEL_LAYOUTS = {1: "mono", 2: "stereo"}
"""The layouts of sound that states only its number of channels."""

_FIELD_ORDERS = {"progressive": False, "tt": True, "bb": True, "tb": True, "bt": True}
"""Whether a picture is interlaced, by ffprobe's name of the order of its fields."""

_PROFILES: Final[Mapping[str, Mapping[str, str]]] = {
    "h264": {
        "66": "Baseline",
        "578": "Constrained Baseline",
        "77": "Main",
        "88": "Extended",
        "100": "High",
        "110": "High 10",
        "2158": "High 10 Intra",
        "122": "High 4:2:2",
        "2170": "High 4:2:2 Intra",
        "244": "High 4:4:4 Predictive",
        "2292": "High 4:4:4 Intra",
    },
    "hevc": {"1": "Main", "2": "Main 10", "3": "Main Still Picture", "4": "Rext"},
    "vp9": {str(number): f"Profile {number}" for number in range(4)},
    "av1": {"0": "Main", "1": "High", "2": "Professional"},
    "mpeg2video": {"0": "4:2:2", "1": "High", "4": "Main", "5": "Simple"},
    "mpeg4": {"0": "Simple Profile", "15": "Advanced Simple Profile"},
    "vc1": {"0": "Simple", "1": "Main", "2": "Complex", "3": "Advanced"},
    "wmv3": {"0": "Simple", "1": "Main", "2": "Complex", "3": "Advanced"},
    "prores": {"0": "Proxy", "1": "LT", "2": "Standard", "3": "HQ", "4": "4444", "5": "XQ"},
    "mjpeg": {"192": "Baseline", "194": "Progressive", "195": "Lossless"},
}
"""Names of profiles by codec and ffmpeg's number. Clipo's own ffmpeg, built to be small, has only
the numbers. https://ffmpeg.org/doxygen/8.0/profiles_8c_source.html"""

_TIMES = ("creation_time", "com.apple.quicktime.creationdate")
_LOCATIONS = ("location", "com.apple.quicktime.location.ISO6709")
LOCATION_TAGS = ",".join(_LOCATIONS)
ENTRIES = [
    "stream=profile,level,bits_per_raw_sample,field_order,color_range,display_aspect_ratio",
    "stream=channels,channel_layout,sample_rate,bit_rate",
    "stream_tags=language",
    "stream_disposition=default,attached_pic",
    f"format_tags={','.join(_TIMES)}",
    "chapter=id",
]
"""The entries of ffprobe's report that this module reads, beside those that `probe` needs."""

_ISO_6709 = re.compile(
    r"([+-]\d{2}(?:\.\d{1,12})?)([+-]\d{3}(?:\.\d{1,12})?)([+-]\d{1,6}(?:\.\d{1,12})?)?(?:CRS\w*)?/?",
    re.ASCII,
)
"""Latitude, longitude and perhaps altitude: https://www.iso.org/standard/75147.html"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Files whose writer did not set the time state the beginning of 1904."""


def listed(report: Report) -> tuple[Stream, ...]:
    """Return the first streams of a file."""
    return tuple(map(_stream, report["streams"][:MAX_LISTED]))


def created_at(report: Report) -> datetime | None:
    """Return the time at which the file was recorded or written, as it says itself."""
    stated = next(filter(None, map(_tags(report["format"]).get, _TIMES)), "")
    try:
        time = datetime.fromisoformat(stated)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    # The database keeps milliseconds.
    time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    return time if time > _EPOCH else None


def location(report: Report) -> Location | None:
    """Return the place of the recording, which the report has only if it was asked for."""
    stated = next(filter(None, map(_tags(report["format"]).get, _LOCATIONS)), "")
    found = _ISO_6709.fullmatch(str(stated))
    if not found:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 (degrees)
        return None
    return Location(latitude, longitude, float(found[3]) if found[3] else None)


def chapters(report: Report) -> int:
    """Return the number of chapters."""
    return len(report.get("chapters", []))


def is_stereo_3d(video: Report) -> bool:
    """Tell whether a picture consists of one for each eye."""
    return any(
        side_data.get("type") not in (None, "2D", "unspecified")
        for side_data in _side_data(video, "Stereo 3D")
    )


def is_spherical(video: Report) -> bool:
    """Tell whether a picture is a panorama."""
    return bool(_side_data(video, "Spherical Mapping"))


def _stream(stream: Report) -> Stream:
    kind = _kind(stream)
    common: dict[str, Any] = {
        "index": int(stream["index"]),
        "kind": kind,
        "codec": _text(stream.get("codec_name")),
        "language": _language(_tags(stream).get("language")),
        "default": bool(stream.get("disposition", {}).get("default")),
    }
    if kind is StreamKind.VIDEO:
        return VideoStream(**common, **_picture(stream))
    if kind is StreamKind.AUDIO:
        return AudioStream(**common, **_sound(stream))
    return Stream(**common)


def _kind(stream: Report) -> StreamKind:
    kind = stream.get("codec_type")
    if kind == "video" and stream["disposition"]["attached_pic"]:
        return StreamKind.COVER
    return StreamKind(kind) if kind in set(StreamKind) else StreamKind.DATA


def _picture(stream: Report) -> dict[str, Any]:
    format_ = _text(stream.get("pix_fmt"))
    dolby = _side_data(stream, "DOVI configuration record")
    profile = dolby[0].get("dv_profile") if dolby else None
    return {
        "profile": _profile(stream),
        "level": _level(stream),
        "pixel_format": format_,
        "bit_depth": whole(stream.get("bits_per_raw_sample")) or _bit_depth(format_),
        "width": whole(stream.get("width")),
        "height": whole(stream.get("height")),
        "rotation": rotation(stream),
        "display_aspect_ratio": _aspect(stream),
        "frame_rate": frame_rate(stream),
        "interlaced": _FIELD_ORDERS.get(stream.get("field_order", "")),
        "bit_rate": whole(stream.get("bit_rate")),
        "hdr": Hdr.DOLBY_VISION if dolby else _HDR.get(stream.get("color_transfer", "")),
        "dolby_vision_profile": whole(profile),
        "color_range": _text(stream.get("color_range")),
        "color_space": _text(stream.get("color_space")),
        "color_transfer": _text(stream.get("color_transfer")),
        "color_primaries": _text(stream.get("color_primaries")),
    }


def _sound(stream: Report) -> dict[str, Any]:
    channels = whole(stream.get("channels"))
    return {
        "channels": channels,
        "channel_layout": _text(stream.get("channel_layout"))
        or _CHANNEL_LAYOUTS.get(channels or 0),
        "sample_rate": whole(stream.get("sample_rate")),
        "bit_rate": whole(stream.get("bit_rate")),
    }


def _profile(stream: Report) -> str | None:
    profile = _text(stream.get("profile"))
    names = _PROFILES.get(stream.get("codec_name", ""), {})
    is_number = profile is not None and profile.isdigit() and profile not in names.values()
    return names.get(profile or "") if is_number else profile


def _level(stream: Report) -> str | None:
    """Return the level as people write it: "4.1" for the 41 of H.264 and for the 123 of HEVC."""
    level = whole(stream.get("level"))
    if not level:
        return None
    match stream.get("codec_name"):
        case "h264" | "vp9":
            return f"{level // 10}.{level % 10}"
        case "hevc":
            return f"{level // 30}.{level % 30 // 3}"
        case "av1":
            return f"{2 + (level >> 2)}.{level & 3}"
        case _:
            return str(level)


def _bit_depth(pixel_format: str | None) -> int | None:
    """Return the bits of one value from the name of a pixel format: 10 for yuv420p10le."""
    if not pixel_format or pixel_format == "pal8":
        return None
    deep = _DEEP.search(pixel_format)
    if deep:
        return int(deep[1])
    return 16 if _RGB_WORDS.match(pixel_format) else 8


def _aspect(stream: Report) -> str | None:
    """Return the aspect ratio of the picture as shown, before it is rotated."""
    stated = str(stream.get("display_aspect_ratio", ""))
    if _RATIO.fullmatch(stated):
        return stated
    width, height = whole(stream.get("width")), whole(stream.get("height"))
    if not width or not height:
        return None
    common = gcd(width, height)
    return f"{width // common}:{height // common}"


def _side_data(stream: Report, kind: str) -> list[Report]:
    listed_ = stream.get("side_data_list", [])
    return [one for one in listed_ if one.get("side_data_type") == kind]


def _tags(part: Report) -> dict[str, Any]:
    tags = part.get("tags", {})
    return tags if isinstance(tags, dict) else {}


def _language(text: object) -> str | None:
    known = isinstance(text, str) and text not in _UNKNOWN and _LANGUAGE.fullmatch(text)
    return str(text) if known else None


def _text(text: object) -> str | None:
    """Return a name of ffmpeg's, cut to a sensible length."""
    known = isinstance(text, str) and text not in _UNKNOWN and _TEXT.fullmatch(text)
    return str(text)[:_MAX_TEXT] if known else None
