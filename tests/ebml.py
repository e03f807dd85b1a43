"""Writes Matroska files, element by element."""

EBML_HEADER = bytes.fromhex("1a45dfa3 80")
VIDEO, AUDIO, SUBTITLE = 1, 2, 17


def element(kind: str, content: bytes = b"", *, size: int | None = None) -> bytes:
    """Return an element whose ID is given in hex, perhaps with a wrong size."""
    stated = len(content) if size is None else size
    return bytes.fromhex(kind) + (stated | 1 << 56).to_bytes(8) + content


def of_unknown_size(kind: str, content: bytes = b"") -> bytes:
    return bytes.fromhex(kind) + b"\x01" + b"\xff" * 7 + content


def number(kind: str, value: int) -> bytes:
    return element(kind, value.to_bytes(4))


def track(number_: int, type_: int, *more: bytes) -> bytes:
    return element("ae", number("d7", number_) + number("83", type_) + b"".join(more))


def tracks(*entries: bytes) -> bytes:
    return element("1654ae6b", b"".join(entries))


def simple_block(track_: int, ms: int, *, key: bool = False, frame: bytes = bytes(20)) -> bytes:
    flags = 0x80 if key else 0
    return element(
        "a3", bytes([0x80 | track_]) + ms.to_bytes(2, signed=True) + bytes([flags]) + frame
    )


def block_group(track_: int, ms: int, *, key: bool = False) -> bytes:
    block = element("a1", bytes([0x80 | track_]) + ms.to_bytes(2, signed=True) + bytes(20))
    return element("a0", block + (b"" if key else element("fb", b"\xff")))


def cluster(ms: int, *children: bytes, before: bytes = b"", known: bool = True) -> bytes:
    """Return a cluster with the elements of `before` in front of its time."""
    content = before + number("e7", ms) + b"".join(children)
    return element("1f43b675", content) if known else of_unknown_size("1f43b675", content)
