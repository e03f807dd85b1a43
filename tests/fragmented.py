"""Writes fragmented MP4 files whose every number a test decides (ISO/IEC 14496-12)."""

from dataclasses import dataclass
from itertools import count

TIMESCALE = 1000
PICTURE, SOUND = 1, 2
_KEY, _NO_KEY = 0x2000000, 0x1010000


@dataclass(frozen=True)
class Sample:
    size: int
    duration: int = 40
    key: bool = False


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body


def head(*tracks: tuple[int, bytes], empty_edit: int = 0) -> bytes:
    """Return `ftyp` and `moov`, for tracks by id and handler."""
    tracks = tracks or ((PICTURE, b"vide"), (SOUND, b"soun"))
    traks = [_trak(id_, handler, empty_edit) for id_, handler in tracks]
    extends = [box(b"trex", bytes(4), id_.to_bytes(4), bytes(16)) for id_, _ in tracks]
    mvhd = box(b"mvhd", bytes(12), TIMESCALE.to_bytes(4), bytes(84))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", mvhd, *traks, box(b"mvex", *extends))


def fragment(sequence: int, time: int, *samples: Sample, track: int = PICTURE) -> bytes:
    """Return the `moof` and `mdat` of one track's samples from a time on."""
    moof = _moof(sequence, time, samples, track, offset=0)
    moof = _moof(sequence, time, samples, track, offset=len(moof) + 8)
    return moof + box(b"mdat", bytes(sum(sample.size for sample in samples)))


def recording(fragments: int, *, length: int = 4, size: int = 1000) -> bytes:
    """Return a recording whose fragments of picture and sound each begin with a keyframe."""
    numbers = count(1)
    content = head()
    for number in range(fragments):
        time = number * length * 40
        pictures = [Sample(size, key=at == 0) for at in range(length)]
        content += fragment(next(numbers), time, *pictures)
        content += fragment(next(numbers), time, Sample(size // 8, 40 * length), track=SOUND)
    return content


def _trak(id_: int, handler: bytes, empty_edit: int) -> bytes:
    tkhd = box(b"tkhd", bytes(12), id_.to_bytes(4), bytes(68))
    mdhd = box(b"mdhd", bytes(12), TIMESCALE.to_bytes(4), bytes(8))
    mdia = box(b"mdia", mdhd, box(b"hdlr", bytes(8), handler, bytes(13)))
    edits = [(empty_edit, 0xFFFFFFFF), (0, 0)] if empty_edit else [(0, 0)]
    entries = [long.to_bytes(4) + at.to_bytes(4) + b"\0\1\0\0" for long, at in edits]
    return box(b"trak", tkhd, box(b"edts", _elst(*entries)), mdia)


def _elst(*entries: bytes) -> bytes:
    return box(b"elst", bytes(4), len(entries).to_bytes(4), *entries)


def _moof(sequence: int, time: int, samples: tuple[Sample, ...], track: int, offset: int) -> bytes:
    base_is_moof, fields = 0x20000, 0x701
    table = [
        one.duration.to_bytes(4) + one.size.to_bytes(4) + (_KEY if one.key else _NO_KEY).to_bytes(4)
        for one in samples
    ]
    traf = box(
        b"traf",
        box(b"tfhd", base_is_moof.to_bytes(4), track.to_bytes(4)),
        box(b"tfdt", b"\1", bytes(3), time.to_bytes(8)),
        box(b"trun", fields.to_bytes(4), len(samples).to_bytes(4), offset.to_bytes(4), *table),
    )
    return box(b"moof", box(b"mfhd", bytes(4), sequence.to_bytes(4)), traf)
