"""The files that the engine is measured with: 10 minutes of 720p in every container.

The picture moves and has a camera's noise; a keyframe every 2 s, as phones and live encoders
write them. About 100 MB each, the limit of the legacy API. The large files are the same, 40 times
as long: the stream is repeated, with times that go on, so that each has real boundaries all along.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from mmap import mmap
from pathlib import Path

from clipo.local.ffmpeg import wheel_binary

_SEGMENT_S = 29.48
_DURATION_S = 600
HOUR_S = 3600
_LARGE_DURATION_S = 24_000
_PICTURE = f"testsrc2=size=1280x720:rate=25:duration={_SEGMENT_S},noise=alls=8:allf=t"
_SOUND = f"sine=frequency=440:duration={_SEGMENT_S}"
_RATE = ["-g", "50", "-b:v", "1200k", "-maxrate", "2000k", "-bufsize", "4000k", "-b:a", "128k"]
_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
_FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov+default_base_moof+skip_trailer"]
_INDEXED_FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov+default_base_moof+global_sidx"]
_4_GB = 4 << 30

SPARSE = "4gb.mp4"
WARM_UP = "segment-wmv2.wmv"
"""A small one that is no part of the comparison."""

_SEGMENTS: dict[str, list[str]] = {
    "h264.mkv": _H264,
    "vp9.webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "wmv2.wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
}

_LOOPED: dict[str, tuple[str, list[str]]] = {
    "end.mp4": ("h264.mkv", []),
    "faststart.mp4": ("h264.mkv", ["-movflags", "faststart"]),
    "end.mov": ("h264.mkv", []),
    "cues.mkv": ("h264.mkv", []),
    "cues.webm": ("vp9.webm", []),
    "index.avi": ("mpeg4.avi", []),
    "index.wmv": ("wmv2.wmv", []),
    "index.flv": ("h264.mkv", ["-flvflags", "add_keyframe_index"]),
    "index-of-fragments.mp4": ("h264.mkv", [*_INDEXED_FRAGMENTS, "-frag_duration", "4000000"]),
    "no-index.avi": ("mpeg4.avi", []),
    "no-index.flv": ("h264.mkv", []),
    "no-index.mkv": ("h264.mkv", ["-f", "matroska", "-live", "1"]),
    "no-index.webm": ("vp9.webm", ["-live", "1"]),
    "fragmented.mp4": ("h264.mkv", [*_FRAGMENTS, "-frag_duration", "4000000"]),
}

UNINDEXED = {
    "no-index.avi": "avi, no index",
    "no-index.flv": "flv, no index",
    "no-index.mkv": "mkv, no index",
    "no-index.webm": "webm, no index",
    "fragmented.mp4": "mp4, fragmented",
}

TITLES: dict[str, str] = {
    "end.mp4": "mp4, moov at end",
    "faststart.mp4": "mp4, faststart",
    "end.mov": "mov",
    "cues.mkv": "mkv",
    "cues.webm": "webm",
    "index.avi": "avi",
    "index.wmv": "wmv",
    "index.flv": "flv",
    "index-of-fragments.mp4": "mp4, fragmented, index",
    **UNINDEXED,
    SPARSE: "mp4, 4 GB",
}


HOURS = {
    "end.mp4": "mp4",
    "end.mov": "mov",
    "cues.mkv": "mkv",
    "cues.webm": "webm",
    "index.avi": "avi",
    "index.wmv": "wmv",
    "index.flv": "flv",
}
"""The files that also exist an hour long, and their containers."""


def make(folder: Path) -> None:
    """Write those of the files that are not there yet: half a minute and 1.6 GB."""
    _make_segments(folder)
    for name in _LOOPED:
        _once(folder / name, lambda to: _loop(folder, name, _DURATION_S, to))  # noqa: B023
    _once(folder / SPARSE, lambda to: _widen(folder / "end.mp4", to))


def make_hours(folder: Path) -> dict[str, str]:
    """Write the files of an hour, 4.3 GB, and return their names and containers."""
    _make_segments(folder)
    for name in HOURS:
        _once(folder / f"hour-{name}", lambda to: _loop(folder, name, HOUR_S, to))  # noqa: B023
    return {f"hour-{name}": container for name, container in HOURS.items()}


def _make_segments(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in _SEGMENTS.items():
        source = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
        _once(folder / f"segment-{name}", lambda to: _ffmpeg(*source, *_RATE, *arguments, to))  # noqa: B023 (called at once)


def large_titles() -> dict[str, str]:
    """Return the files that exist in a large size, too.

    An AVI file without an index costs as much more as it is larger.
    """
    return {name: TITLES[name] for name in _LOOPED if name != "no-index.avi"}


def make_large(folder: Path, name: str) -> Path:
    """Write the large file of a name: up to a minute and 4.5 GB."""
    path = folder / f"large-{name}"
    _once(path, lambda to: _loop(folder, name, _LARGE_DURATION_S, to))
    return path


def _once(path: Path, write: Callable[[Path], None]) -> None:
    if path.exists():
        return
    print(f"making {path.name}", file=sys.stderr)
    unfinished = path.with_stem(f"unfinished-{path.stem}")
    write(unfinished)
    unfinished.rename(path)


def _loop(folder: Path, name: str, duration_s: int, to: Path) -> None:
    segment, arguments = _LOOPED[name]
    loop = ["-stream_loop", "-1", "-i", str(folder / f"segment-{segment}")]
    _ffmpeg(*loop, "-t", str(duration_s), "-c", "copy", *arguments, to)
    if name == "no-index.avi":
        _remove_index(to)


def _remove_index(avi: Path) -> None:
    """Cut off an AVI's index, as an upload that was interrupted does, and cover its other ones."""
    end = avi.stat().st_size
    with avi.open("r+b") as file, mmap(file.fileno(), 0) as content:
        for kind, at in _chunks(content, 0, end):
            if kind in (b"idx1", b"indx") or kind[:2] == b"ix":
                content[at : at + 4] = b"JUNK"
                end = at if kind == b"idx1" else end
    os.truncate(avi, end)


def _chunks(content: mmap, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield kind and position of the chunks of an AVI file, and of those in its lists."""
    while at + 8 <= end:
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind in (b"RIFF", b"LIST"):
            yield from _chunks(content, at + 12, at + 8 + size)
        else:
            yield kind, at
        at += 8 + size + size % 2


def _ffmpeg(*arguments: str | Path) -> None:
    command = [wheel_binary("ffmpeg"), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True)  # noqa: S603 (our own arguments)


def _widen(source: Path, to: Path) -> None:
    """Copy an mp4 and put a hole of nearly 4 GB between its media and its index."""
    content = source.read_bytes()
    moov = content.rindex(b"moov") - 4
    hole = _4_GB - len(content)
    with to.open("wb") as file:
        file.write(content[:moov])
        # ISO/IEC 14496-12: a size of 1 says that the real one follows the type.
        file.write((1).to_bytes(4) + b"free" + hole.to_bytes(8))
        file.seek(moov + hole)
        file.write(content[moov:])
