"""The times that ffprobe's report states, in seconds: starts, durations and a frame's length."""

import math
import re

from functions.media.values import MAX_NUMBER, MAX_RATE, Report, positive, stated_rates

_DURATION = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)


def start(part: Report) -> float | None:
    """Return the time at which a file or a stream begins, `None` if it states none."""
    if part.get("start_time") is None:
        return None
    seconds = float(part["start_time"])
    if not abs(seconds) < MAX_NUMBER:
        raise ValueError("The start time is out of range.")
    return seconds


def duration(format_: Report, played: list[Report], start_s: float | None) -> float | None:
    """Return the duration of picture and sound: subtitles may go on for hours after them."""
    whole = positive(format_.get("duration"))
    ends = [_end_s(stream, start_s) for stream in played]
    known = [end for end in ends if end]
    if known and (not whole or len(known) == len(ends)):
        return round(min(max(known), whole or MAX_NUMBER), 3)
    return round(whole, 3) if whole else None


def _end_s(stream: Report, start_s: float | None) -> float | None:
    """Return the time from the file's beginning to a stream's end."""
    length_s = length(stream, start_s)
    return length_s + delay(stream, start_s) if length_s else None


def delay(stream: Report, start_s: float | None) -> float:
    """Return the time from the file's beginning to a stream's, 0 if the file states none."""
    begin_s = start(stream)
    return 0 if begin_s is None or start_s is None else max(0, begin_s - start_s)


def length(stream: Report, start_s: float | None) -> float | None:
    """Return a stream's own duration. In Matroska a tag has the time of its end."""
    stated = positive(stream.get("duration"))
    if stated:
        return stated
    tag = _DURATION.fullmatch(str(stream.get("tags", {}).get("DURATION", "")))
    if not tag:
        return None
    hours, minutes, seconds = tag.groups()
    end_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return max(0, end_s - delay(stream, start_s)) or None


def frame_length(video: Report) -> float:
    """Return the shortest time that a frame is shown, 0 if the rate is unknown."""
    return 1 / max((rate for rate in stated_rates(video) if rate <= MAX_RATE), default=math.inf)
