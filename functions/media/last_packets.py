"""Finds when a Matroska or WebM file ends that does not say so: browsers and crashes leave such.

A Matroska file is a head (what streams there are) and then clusters of packets, each of which
tells its own time. A head and the last clusters are therefore a file by themselves, a short one
that ffprobe reads to its end. https://www.rfc-editor.org/rfc/rfc9559#name-cluster-blocks
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from functions.core.formats import EBML
from functions.media.probe import MOST, SENSELESS
from functions.media.reader.source import OpenSource

REPORT = ["-print_format", "json", "-show_entries", "packet=pts_time,duration_time"]

PROGRESS = ["-progress", "pipe:1", "-stats_period", "3600"]
"""Makes ffmpeg say how far it has come: just once, at the end."""

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
"""Bytes in which to look for the last cluster: some recorders make them of many seconds."""


def clips(source: OpenSource) -> Iterator[bytes]:
    """Yield files of a Matroska file's head and of more and more of its end."""
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
    """Return the second at which the last packet of a `REPORT` ends."""
    try:
        packets: list[dict[str, Any]] = json.loads(stdout)["packets"]
        end_s = max(
            float(packet["pts_time"]) + float(packet.get("duration_time", 0))
            for packet in packets
            if "pts_time" in packet
        )
    except SENSELESS:
        return None
    return end_s if 0 < end_s < MOST else None


def progress_s(stdout: bytes) -> float | None:
    """Return the seconds that ffmpeg has come by, from its last `PROGRESS`."""
    times = _OUT_TIME.findall(stdout)
    return round(int(times[-1]) / 1e6, 3) or None if times else None
