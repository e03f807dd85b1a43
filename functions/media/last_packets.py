"""Finds the end of a Matroska or WebM file that does not state its duration.

Browsers write such files, and recorders that crash leave them behind. A Matroska file is a head,
which lists the streams, and then clusters of packets with their times. So the head and the last
clusters make a short file that ffprobe can read to its end.
https://www.rfc-editor.org/rfc/rfc9559#name-cluster-blocks
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from functions.core.formats import EBML
from functions.media.probe import MALFORMED
from functions.media.reader.source import OpenSource
from functions.media.values import MAX_NUMBER

REPORT = ["-print_format", "json", "-show_entries", "packet=pts_time,duration_time"]

PROGRESS = ["-progress", "pipe:1", "-stats_period", "3600"]
"""Options that make ffmpeg report the time that it has reached, once, at the end."""

_OUT_TIME = re.compile(rb"^out_time_us=(\d{1,15})$", re.MULTILINE)
_CLUSTER = re.compile(
    rb"\x1f\x43\xb6\x75"  # its ID, then its size in one to eight bytes
    rb"(?:[\x80-\xff]|[\x40-\x7f].|[\x20-\x3f]..|[\x10-\x1f].{3}"
    rb"|[\x08-\x0f].{4}|[\x04-\x07].{5}|[\x02\x03].{6}|\x01.{7})"
    rb"(?:\xbf\x84.{4})?"  # perhaps a checksum
    rb"\xe7",  # and its time
    re.DOTALL,
)
_HEAD = 256 << 10
_TAILS = (256 << 10, 2 << 20, 16 << 20)
"""Bytes at the end in which to look for the last cluster: it may hold many seconds."""


def clips(source: OpenSource) -> Iterator[bytes]:
    """Yield short files that consist of a Matroska file's head and of ever more of its end."""
    head = source.read(0, min(_HEAD, source.size))
    first = _CLUSTER.search(head) if head.startswith(EBML) else None
    if not first:
        return
    for length in _TAILS:
        tail = source.read(max(first.start(), source.size - length), source.size)
        last = _CLUSTER.search(tail)
        if last:
            yield head[: first.start()] + tail[last.start() :]
        if len(tail) < length:
            return


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
