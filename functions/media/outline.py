"""Reads ffprobe's outline of a file, which it prints even if one of the decoders does not open.

ffprobe opens the decoder of every stream, and prints no JSON report if one fails, for example that
of a damaged sound track. Before that it logs an outline of all streams for people.
"""

import re
from collections.abc import Iterator
from typing import Any

OPTIONS = ("-v", "repeat+info", "-hide_banner")

_FORMAT = re.compile(r"^Input #0, ([\w,]{1,64}), from ", re.MULTILINE)
_BRAND = re.compile(r"^    major_brand     : (.{1,8})$", re.MULTILINE)
_TIMES = re.compile(
    r"^  Duration: (?:(\d\d):(\d\d):(\d\d\.\d\d)|N/A)(?:, start: (-?\d{1,12}\.\d+))?",
    re.MULTILINE,
)
_STREAM = re.compile(
    r"^ *Stream #0:(\d{1,4})(?:\[0x\w+\])?(?:\(([^)\n]{0,40})\))?"
    r": (Video|Audio|Subtitle|Attachment|Data): (\w+)(.*)$",
    re.MULTILINE,
)
_ROTATION = re.compile(r"^ +Display Matrix: rotation of (-?\d{1,4}\.\d\d) degrees", re.MULTILINE)
_TAG = re.compile(r"\((\S{1,32}) / 0x")
_SIDES = re.compile(r", (\d{1,5})x(\d{1,5})[, ]")
_PIXELS = re.compile(r", (\w{1,20})(?:\(([^()\n]{0,100})\))?, \d+x\d")
_COLOURS = re.compile(
    r"\b([\w-]+)/([\w-]+)/([\w-]+)\b|\b(bt709|bt470bg|smpte170m|smpte240m|reserved)\b(?!/)"
)
_PROFILE = re.compile(r" \(([^()/\n]{1,40})\)")
_ASPECT = re.compile(r" DAR (\d{1,5}:\d{1,5})\]")
_BIT_RATE = re.compile(r", (\d{1,9}) kb/s")
_SOUND = re.compile(r", (\d{1,9}) Hz, (?:(\d{1,3}) channels|([\w.()]{1,30}))")
_LAYOUT = re.compile(r"(\d{1,2})\.(\d)(?:\.(\d))?")
_CHANNELS = {"mono": 1, "stereo": 2, "quad": 4}
_DETAILS = {
    "tv": ("color_range", "tv"),
    "pc": ("color_range", "pc"),
    "progressive": ("field_order", "progressive"),
    "top first": ("field_order", "tt"),
    "bottom first": ("field_order", "bb"),
}
"""Entries of a report by the words that the outline has for them."""

_RATE = re.compile(r", (\d{1,6}(?:\.\d+)?)(k?) fps")
_ENDS = re.compile(r"^ +DURATION +: (\d\d):(\d\d):(\d\d\.\d{3,9})$", re.MULTILINE)
_PRECISION_S = 0.01
"""Precision of the outline's duration, in seconds. Tags of Matroska are more precise."""

_START = re.compile(r", start (-?\d{1,12}\.\d+)")
_UNOPENED = re.compile(r"^Could not open codec for input stream (\d{1,4})$", re.MULTILINE)


def broken_stream(stderr: str) -> int | None:
    """Return the index of the stream whose decoder does not open, `None` if all open."""
    found = _UNOPENED.search(stderr)
    return int(found[1]) if found else None


def codec(stderr: str, index: int) -> str | None:
    """Return the codec of a stream."""
    return next((one[4] for one in _STREAM.finditer(stderr) if int(one[1]) == index), None)


def report(stderr: str, *, size: int) -> dict[str, Any]:
    """Return the outline of a file of `size` bytes as a report for `probe`, with fewer facts.

    Raises `ValueError` if there is no outline.
    """
    name, times = _FORMAT.search(stderr), _TIMES.search(stderr)
    if not name or not times:
        raise ValueError("ffprobe printed no outline.")
    hours, minutes, seconds, start = times.groups()
    length_s = _seconds(hours, minutes, seconds) if hours else 0
    ends_s = [_seconds(*end) for end in _ENDS.findall(stderr)]
    length_s = next((end_s for end_s in ends_s if abs(end_s - length_s) < _PRECISION_S), length_s)
    brand = _BRAND.search(stderr)
    format_ = {
        "format_name": name[1],
        "start_time": start,
        "duration": str(length_s),
        "bit_rate": str(size * 8 / length_s) if length_s else None,
        "tags": {"major_brand": brand[1]} if brand else {},
    }
    return {"format": format_, "streams": list(_streams(stderr))}


def _seconds(hours: str, minutes: str, seconds: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _streams(stderr: str) -> Iterator[dict[str, Any]]:
    found = list(_STREAM.finditer(stderr))
    seen = set()
    for stream, following in zip(found, [*found[1:], None], strict=True):
        index, language, kind, codec, facts = stream.groups()
        if index in seen:  # a program lists its streams once more
            continue
        seen.add(index)
        details = stderr[stream.end() : following.start() if following else None]
        rotation, end = _ROTATION.search(details), _ENDS.search(details)
        yield {
            **_stream(int(index), kind.lower(), codec, facts),
            "side_data_list": [{"rotation": rotation[1]}] if rotation else [],
            "tags": {"language": language, **({"DURATION": ":".join(end.groups())} if end else {})},
        }


def _stream(index: int, kind: str, codec: str, facts: str) -> dict[str, Any]:
    patterns = (_TAG, _SIDES, _RATE, _START, _BIT_RATE, _ASPECT)
    tag, sides, rate, start, bits, aspect = (one.search(facts) for one in patterns)
    profile = _PROFILE.match(facts)
    return {
        "index": index,
        "codec_type": kind,
        "codec_name": "unknown" if codec == "none" else codec,
        **({"codec_tag_string": tag[1]} if tag else {}),
        **({"width": int(sides[1]), "height": int(sides[2])} if sides else {}),
        **({"avg_frame_rate": f"{float(rate[1]) * (1000 if rate[2] else 1)}/1"} if rate else {}),
        **({"start_time": start[1]} if start else {}),
        **({"bit_rate": f"{bits[1]}000"} if bits else {}),
        **({"display_aspect_ratio": aspect[1]} if aspect else {}),
        **({"profile": profile[1]} if profile else {}),
        **_pixels(facts),
        **_sound(facts),
        "disposition": {
            "default": int("(default)" in facts),
            "attached_pic": int("(attached pic)" in facts),
        },
    }


def _pixels(facts: str) -> dict[str, str]:
    """Return the pixel format and the colour tags, which ffprobe prints once if all three agree."""
    pixels = _PIXELS.search(facts)
    if not pixels:
        return {"pix_fmt": ""}
    format_ = {"pix_fmt": pixels[1]}
    details = (pixels[2] or "").split(", ")
    format_ |= {_DETAILS[one][0]: _DETAILS[one][1] for one in details if one in _DETAILS}
    colours = _COLOURS.search(pixels[2] or "")
    if not colours:
        return format_
    matrix, primaries, transfer, all_three = colours.groups()
    return format_ | {
        "color_space": matrix or all_three,
        "color_primaries": primaries or all_three,
        "color_transfer": transfer or all_three,
    }


def _sound(facts: str) -> dict[str, Any]:
    """Return the sample rate, the number of channels, and their layout if it has a name."""
    found = _SOUND.search(facts)
    if not found:
        return {}
    sample_rate, channels, layout = found.groups()
    if not layout:
        return {"sample_rate": sample_rate, "channels": int(channels)}
    speakers = _LAYOUT.match(layout)
    count = sum(map(int, filter(None, speakers.groups()))) if speakers else _CHANNELS.get(layout)
    return {"sample_rate": sample_rate, "channel_layout": layout, "channels": count}
