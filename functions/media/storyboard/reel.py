"""Takes the keyframes of an MP4 or MOV file by a reel: a short file of nothing but them.

The tables of the file tell where its keyframes are. So storage sends those alone, many at once, and
ffmpeg decodes a reel in which each is shown for a second.
"""

import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from functions.media.reader.ranged_object import RangedObject
from functions.media.splice.windows import Doubt
from functions.media.storyboard.contents import MemoryContent
from functions.media.storyboard.sample_table import Keyframe, Track, read_track
from functions.media.storyboard.tiles import KEYFRAMES, Tile, TileCommand

_AT_ONCE = 16
"""Requests to storage at the same time."""

_MAX_BYTES = 64 << 20
"""Most bytes of a reel, which is in memory."""

_SCALE = 1000


def take_reel(command: TileCommand, moments: Sequence[int]) -> dict[int, Tile]:
    """Return the tile of the keyframe at or before each moment, in milliseconds.

    It is empty if the tables are doubtful.
    """
    source, probed = command.children.source, command.probed
    try:
        track = read_track(source, probed.index)
        start_ms = round(probed.start_s * 1000)
        wanted = {at_ms: track.keyframe(at_ms + start_ms) for at_ms in moments}
        keyframes = sorted(set(wanted.values()), key=lambda keyframe: keyframe.at_ms)
        reel = _write(track, _fetch(source.content, keyframes))
    except Doubt:
        return {}
    tiles = command.run(*KEYFRAMES, location=source.view(MemoryContent(reel)).location, stream=0)
    shown = {
        keyframe: Tile(keyframe.at_ms - start_ms, tiles[number * _SCALE])
        for number, keyframe in enumerate(keyframes)
        if number * _SCALE in tiles
    }
    if len(shown) < len(keyframes):
        return {}
    return {at_ms: shown[keyframe] for at_ms, keyframe in wanted.items()}


def _fetch(content: RangedObject, keyframes: Sequence[Keyframe]) -> list[bytes]:
    if sum(keyframe.size for keyframe in keyframes) > _MAX_BYTES:
        raise Doubt

    def fetch(keyframe: Keyframe) -> bytes:
        begin, end = keyframe.position, keyframe.position + keyframe.size
        return content.peek(begin, end) or content.fetch(begin, end)

    if any(keyframe.position + keyframe.size > content.size for keyframe in keyframes):
        raise Doubt
    try:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            found = list(threads.map(fetch, keyframes))
    except RuntimeError as error:  # no thread is free
        raise Doubt from error
    if any(len(one) != of.size for one, of in zip(found, keyframes, strict=True)):
        raise Doubt
    return found


def _write(track: Track, samples: Sequence[bytes]) -> bytes:
    """Return an MP4 file of some samples, all of them keyframes (ISO/IEC 14496-12)."""
    moov = _moov(track, samples, 0)
    begin = len(track.ftyp) + len(moov) + 8
    return track.ftyp + _moov(track, samples, begin) + _box(b"mdat", *samples)


def _moov(track: Track, samples: Sequence[bytes], begin: int) -> bytes:
    """Return the description of samples that stand one after the other from `begin` on."""
    count = len(samples)
    length = struct.pack(">4I", 0, 0, _SCALE, count * _SCALE)
    sizes = [len(sample) for sample in samples]
    stbl = _box(
        b"stbl",
        track.stsd,
        _full(b"stts", 1, count, _SCALE),
        _full(b"stsc", 1, 1, count, 1),
        _full(b"stsz", 0, count, *sizes),
        _full(b"stco", 1, begin),
    )
    dinf = _box(b"dinf", _box(b"dref", bytes(4), struct.pack(">I", 1), _box(b"url ", b"\0\0\0\1")))
    minf = _box(b"minf", _box(b"vmhd", b"\0\0\0\1", bytes(8)), dinf, stbl)
    mdhd = _box(b"mdhd", bytes(4), length, bytes(4))
    hdlr = _box(b"hdlr", bytes(8), b"vide", bytes(13))
    speed = struct.pack(">IH10x", 1 << 16, 0)
    mvhd = _box(b"mvhd", bytes(4), length, speed, track.matrix, bytes(24), b"\0\0\0\2")
    trak = _box(b"trak", track.tkhd, _box(b"mdia", mdhd, hdlr, minf))
    return _box(b"moov", mvhd, trak)


def _full(kind: bytes, *numbers: int) -> bytes:
    return _box(kind, bytes(4), struct.pack(f">{len(numbers)}I", *numbers))


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body
