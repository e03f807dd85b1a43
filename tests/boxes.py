"""Changes the boxes of an MP4 or MOV file (ISO/IEC 14496-12)."""

from pathlib import Path

_PATH_TO_REFERENCES = [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"]


def refer_to(path: str, movie: bytes) -> bytes:
    """Make a movie's first track refer to another file with a QuickTime alias.

    The movie must have its index at the end, so that no other offset changes.
    """
    places, start = [], 0
    for kind in _PATH_TO_REFERENCES:
        start = movie.index(kind, start) - 4
        places.append(start)
        start += 8
    dref = places[-1]
    old_size = int.from_bytes(movie[dref : dref + 4])
    alias = box(b"alis", bytes(4) + _alias(path.encode()))
    new = box(b"dref", bytes(4) + (1).to_bytes(4) + alias)
    changed = bytearray(movie[:dref] + new + movie[dref + old_size :])
    for place in places[:-1]:
        size = int.from_bytes(changed[place : place + 4]) + len(new) - old_size
        changed[place : place + 4] = size.to_bytes(4)
    return bytes(changed)


def add_to_sample_entry(new: bytes, movie: bytes) -> bytes:
    """Add a box to the description of a movie's first track, whose index must be at the end."""
    places, start = [], 0
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"]:
        start = movie.index(kind, start) - 4
        places.append(start)
        start += 8
    entry = places[-1] + 16
    end = entry + int.from_bytes(movie[entry : entry + 4])
    changed = bytearray(movie[:end] + new + movie[end:])
    for place in [*places, entry]:
        size = int.from_bytes(changed[place : place + 4]) + len(new)
        changed[place : place + 4] = size.to_bytes(4)
    return bytes(changed)


def dolby_vision(profile: int, compatibility: int) -> bytes:
    """Return the configuration record of a stream with Dolby Vision's metadata (RPU)."""
    level, rpu, enhancement_layer, base_layer = 3, 1, 0, 1
    bits = profile << 9 | level << 3 | rpu << 2 | enhancement_layer << 1 | base_layer
    content = bytes([1, 0]) + bits.to_bytes(2) + bytes([compatibility << 4]) + bytes(19)
    return box(b"dvcC", content)


def widen(movie: bytes, hole: int, to: Path) -> None:
    """Write a movie with `hole` empty bytes between its media and the index at the end."""
    moov = movie.rindex(b"moov") - 4
    with to.open("wb") as file:
        # A size of 1 means that the real size follows the type.
        file.write(movie[:moov] + (1).to_bytes(4) + b"free" + hole.to_bytes(8))
        file.seek(moov + hole)
        file.write(movie[moov:])


def claim_sample_of(size: int, movie: bytes) -> bytes:
    """Set the size of a movie's first frame in its index."""
    at = movie.index(b"stsz") + 16
    return movie[:at] + size.to_bytes(4) + movie[at + 4 :]


def _alias(path: bytes) -> bytes:
    """Return a Macintosh alias record as ffmpeg's `mov_read_dref` parses it."""
    name = path.rpartition(b"/")[2][:63]
    return b"".join(
        [
            bytes(10),
            b"\0" + bytes(27),  # the volume's name
            bytes(12),
            bytes([len(name)]) + name.ljust(63, b"\0"),
            bytes(16),
            (1).to_bytes(2) + (1).to_bytes(2),  # levels up and down
            bytes(16),
            (2).to_bytes(2) + len(path).to_bytes(2) + path.ljust(len(path) + len(path) % 2, b"\0"),
            b"\xff\xff" + bytes(2),  # the end
        ]
    )


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content
