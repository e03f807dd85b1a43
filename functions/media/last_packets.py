"""Reads from reports of ffprobe and ffmpeg when the last packet of a file ends."""

import json
import re
from typing import Any

from functions.media.probe import MALFORMED
from functions.media.values import MAX_NUMBER

REPORT = ["-print_format", "json", "-show_entries", "packet=pts_time,duration_time"]

PROGRESS = ["-progress", "pipe:1", "-stats_period", "3600"]
"""Options that make ffmpeg report the time that it has reached, once, at the end."""

_OUT_TIME = re.compile(rb"^out_time_us=(\d{1,15})$", re.MULTILINE)


def end_s(stdout: bytes) -> float | None:
    """Return the time in seconds at which the last packet of a `REPORT` ends."""
    try:
        packets: list[dict[str, Any]] = json.loads(stdout)["packets"]
        end_s = max(
            float(packet["pts_time"]) + float(packet.get("duration_time", 0))
            for packet in packets
            if "pts_time" in packet
        )
    except MALFORMED:
        return None
    return end_s if 0 < end_s < MAX_NUMBER else None


def progress_s(stdout: bytes) -> float | None:
    """Return the time in seconds that ffmpeg reached, from its last `PROGRESS`."""
    times = _OUT_TIME.findall(stdout)
    return round(int(times[-1]) / 1e6, 3) or None if times else None
