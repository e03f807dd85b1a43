"""Parses the boxes of a fragmented MP4 file: its tracks, and the samples of its fragments.

https://www.iso.org/standard/83102.html (ISO/IEC 14496-12), sections 8.3 to 8.8
"""

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.media.splice.windows import Doubt

_HEADER, _LARGE_HEADER = 8, 16
"""Bytes before a box's content: a size of 32 bits and a type, then perhaps a size of 64 bits."""

_MAX_CHILDREN = 4096
_NO_KEYFRAME = 0x1010000
"""Flags of a sample that is no keyframe, or depends on another one, as ffmpeg reads them."""

_FIELDS_OF_TFHD = ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4))
"""Flag and length of the optional fields: base offset, description, duration, size, flags."""

_COLUMNS_OF_TRUN = (0x100, 0x200, 0x400, 0x800)
"""Flags of a sample's optional fields: duration, size, flags, and offset of its presentation."""


@dataclass(frozen=True, slots=True)
class Box:
    """The positions of one box."""

    kind: bytes
    start: int
    body: int
    """The position of its content."""
    end: int


@dataclass(frozen=True, slots=True)
class Defaults:
    """Duration, size and flags of samples that do not state their own."""

    duration: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True)
class Track:
    """The description of a track."""

    id: int
    kind: bytes
    """Its handler, such as `vide` or `soun`."""
    timescale: int
    """Units of its clock per second."""
    delay: int
    """Units by which an empty edit delays it."""
    defaults: Defaults

    def seconds(self, time: int) -> float:
        """Convert a time of this track to the file's clock."""
        return (time + self.delay) / self.timescale


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one track in one fragment."""

    track: Track
    key_s: float | None
    """The time from which on ffmpeg seeks to its first keyframe, if there is one."""
    last_s: float
    """Time at which its last sample is decoded."""
    end_s: float
    begin: int
    """Position of their first byte in the file."""
    end: int
    size: int


def box_at(content: bytes, at: int = 0, *, shift: int = 0) -> Box:
    """Return the box whose header stands in `content`, which stands at `shift` in the file.

    Raises `Doubt` if the header is incomplete, or the size is too small for it: a size of 0 would
    mean that the box ends with the file.
    """
    size, header = int.from_bytes(content[at : at + 4]), _HEADER
    if size == 1:
        size, header = int.from_bytes(content[at + 8 : at + 16]), _LARGE_HEADER
    if len(content) < at + header or size < header:
        raise Doubt
    start = shift + at
    return Box(content[at + 4 : at + 8], start, start + header, start + size)


def tracks(content: bytes) -> dict[int, Track]:
    """Return the tracks of a `moov` box by id, none if it announces no fragments.

    Raises `Doubt` if it is malformed.
    """
    moov = box_at(content)
    extends = _find(content, moov, b"mvex")
    if not extends:
        return {}
    mvhd = _one(content, moov, b"mvhd")
    movie_scale = _number(content, mvhd, 20 if _version(content, mvhd) else 12)
    defaults = {
        _number(content, trex, 4): Defaults(*(_number(content, trex, at) for at in (12, 16, 20)))
        for trex in _children(content, extends)
        if trex.kind == b"trex"
    }
    traks = (box for box in _children(content, moov) if box.kind == b"trak")
    found = [_track(content, trak, defaults, movie_scale) for trak in traks]
    return {track.id: track for track in found}


def samples(content: bytes, start: int, known: Mapping[int, Track]) -> list[Samples]:
    """Return the samples of a `moof` box that stands at `start`, for each of its tracks.

    Raises `Doubt` if it is malformed, or does not state its times.
    """
    moof = box_at(content)
    _one(content, moof, b"mfhd")
    found: list[Samples] = []
    for traf in _children(content, moof):
        if traf.kind == b"traf":
            base = found[-1].end if found else start
            found.append(_samples(content, traf, start, base, known))
    return found


def _track(content: bytes, trak: Box, defaults: Mapping[int, Defaults], movie_scale: int) -> Track:
    tkhd, mdia = _one(content, trak, b"tkhd"), _one(content, trak, b"mdia")
    mdhd, hdlr = _one(content, mdia, b"mdhd"), _one(content, mdia, b"hdlr")
    id_ = _number(content, tkhd, 20 if _version(content, tkhd) else 12)
    timescale = _number(content, mdhd, 20 if _version(content, mdhd) else 12)
    if not timescale or not movie_scale or id_ not in defaults:
        raise Doubt
    delay = _empty_edit(content, trak) * timescale // movie_scale
    kind = content[hdlr.body + 8 : hdlr.body + 12]
    return Track(id_, kind, timescale, delay, defaults[id_])


def _empty_edit(content: bytes, trak: Box) -> int:
    """Return the duration of the edit before a track, in units of the movie.

    More than one other edit would cut the track: that is not taken on.
    """
    edts = _find(content, trak, b"edts")
    elst = _find(content, edts, b"elst") if edts else None
    if not elst:
        return 0
    wide = 8 if _version(content, elst) else 4
    count = _number(content, elst, 4)
    if not count:
        return 0
    duration, time = (_number(content, elst, at, wide) for at in (8, 8 + wide))
    is_empty = time == (1 << 8 * wide) - 1
    if count > 1 + is_empty:
        raise Doubt
    return duration if is_empty else 0


def _samples(
    content: bytes, traf: Box, moof: int, base: int, known: Mapping[int, Track]
) -> Samples:
    tfhd, tfdt = _one(content, traf, b"tfhd"), _one(content, traf, b"tfdt")
    track = known.get(_number(content, tfhd, 4))
    if not track:
        raise Doubt
    base, defaults = _header(content, tfhd, moof, base, track.defaults)
    time = _number(content, tfdt, 4, 8 if _version(content, tfdt) else 4)
    last, key, begin, end, size = time, None, None, base, 0
    for trun in _children(content, traf):
        if trun.kind != b"trun":
            continue
        run = _run(content, trun, defaults)
        at = end if run.offset is None else base + run.offset
        begin, end, size = at if begin is None else min(begin, at), at + run.size, size + run.size
        if key is None and run.key is not None:
            key = time + run.key
        last, time = time + run.last, time + run.duration
    key_s = None if key is None else track.seconds(key)
    begin = end if begin is None else begin
    return Samples(track, key_s, track.seconds(last), track.seconds(time), begin, end, size)


def _header(
    content: bytes, tfhd: Box, moof: int, base: int, defaults: Defaults
) -> tuple[int, Defaults]:
    """Return the position from which a track's offsets count, and the defaults of its samples."""
    flags = _number(content, tfhd, 0) & 0xFFFFFF
    at, fields = 8, {}
    for flag, length in _FIELDS_OF_TFHD:
        if flags & flag:
            fields[flag] = _number(content, tfhd, at, length)
            at += length
    if flags & 0x20000:  # offsets count from the beginning of the fragment
        base = moof
    return fields.get(0x1, base), Defaults(
        fields.get(0x8, defaults.duration),
        fields.get(0x10, defaults.size),
        fields.get(0x20, defaults.flags),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    offset: int | None
    size: int
    duration: int
    last: int
    """The time of its last sample, from its beginning."""
    key: int | None
    """The time of its first keyframe, from its beginning."""


def _run(content: bytes, trun: Box, defaults: Defaults) -> _Run:
    flags, count = _number(content, trun, 0) & 0xFFFFFF, _number(content, trun, 4)
    offset, first_flags, at = None, None, 8
    if flags & 0x1:
        offset, at = _signed(_number(content, trun, at)), at + 4
    if flags & 0x4:
        first_flags, at = _number(content, trun, at), at + 4
    columns = _columns(content[trun.body + at : trun.end], flags, count)
    durations, sizes, all_flags, shifts = (columns.get(flag) for flag in _COLUMNS_OF_TRUN)
    key = _first_key(count, first_flags, all_flags, defaults.flags)
    if key is not None:
        key = sum(durations[:key]) if durations else key * defaults.duration
        key += max(0, -min(map(_signed, shifts), default=0)) if shifts else 0
    size = sum(sizes) if sizes else count * defaults.size
    duration = sum(durations) if durations else count * defaults.duration
    last = duration - (durations[-1] if durations else defaults.duration)
    return _Run(offset, size, duration, max(0, last), key)


def _columns(table: bytes, flags: int, count: int) -> dict[int, Sequence[int]]:
    """Return the fields of a run's samples, by flag."""
    present = [flag for flag in _COLUMNS_OF_TRUN if flags & flag]
    if len(table) < 4 * len(present) * count:
        raise Doubt
    values = array("I", table[: 4 * len(present) * count])
    if sys.byteorder == "little":
        values.byteswap()
    return {flag: values[at :: len(present)] for at, flag in enumerate(present)}


def _first_key(
    count: int, first: int | None, flags: Sequence[int] | None, default: int
) -> int | None:
    """Return the number of the first keyframe in a run. Its first sample may have own flags."""
    if not count:
        return None
    if flags is None:
        begin = default if first is None else first
        rest = default if count > 1 else _NO_KEYFRAME
        keys = (at for at, of in enumerate((begin, rest)) if not of & _NO_KEYFRAME)
    else:
        of_first = [flags[0] if first is None else first]
        keys = (at for at, of in enumerate([*of_first, *flags[1:]]) if not of & _NO_KEYFRAME)
    return next(keys, None)


def _children(content: bytes, box: Box) -> Iterator[Box]:
    """Yield the boxes in a box. All positions are those in `content`."""
    at = box.body
    for _ in range(_MAX_CHILDREN):
        if at == box.end:
            return
        child = box_at(content, at)
        if child.end > min(box.end, len(content)):
            break
        yield child
        at = child.end
    raise Doubt


def _find(content: bytes, box: Box, kind: bytes) -> Box | None:
    return next((child for child in _children(content, box) if child.kind == kind), None)


def _one(content: bytes, box: Box, kind: bytes) -> Box:
    found = _find(content, box, kind)
    if not found:
        raise Doubt
    return found


def _number(content: bytes, box: Box, at: int, length: int = 4) -> int:
    """Return the number at a position in a box's content."""
    start = box.body + at
    if start + length > box.end:
        raise Doubt
    return int.from_bytes(content[start : start + length])


def _version(content: bytes, box: Box) -> int:
    return _number(content, box, 0, 1)


def _signed(number: int) -> int:
    return number - (number >> 31 << 32)
