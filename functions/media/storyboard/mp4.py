"""Writes a reel of the keyframes of an MP4 or MOV file (ISO/IEC 14496-12)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from functions.media.splice.boundary import Readable
from functions.media.storyboard.keyframe import Fetch, Keyframe
from functions.media.storyboard.sample_table import SampleTrack, read_track

_SCALE = 1000


def open_index(source: Readable, stream: int) -> "Mp4Index":
    """Read the tables of a track. Raises `Doubt`."""
    return Mp4Index(read_track(source, stream))


@dataclass(frozen=True, slots=True)
class Mp4Index:
    """The keyframes of an MP4 file. See `Index`."""

    track: SampleTrack
    stream: int = 0

    def find(self, _fetch: Fetch, at_ms: int) -> Keyframe:
        """Return the keyframe at or before a moment, or else the first."""
        return self.track.keyframe(at_ms)

    def load(self, fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return a keyframe."""
        return fetch(keyframe.position, keyframe.position + keyframe.size)

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return an MP4 file of the track alone. It shows each keyframe for a second."""
        track = self.track
        moov = _moov(track, keyframes, 0)
        begin = len(track.ftyp) + len(moov) + 8
        return track.ftyp + _moov(track, keyframes, begin) + _box(b"mdat", *keyframes)


def _moov(track: SampleTrack, samples: Sequence[bytes], begin: int) -> bytes:
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
