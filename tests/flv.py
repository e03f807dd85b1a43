"""Writes FLV files, tag by tag."""

SOUND, PICTURE, SCRIPT = 8, 9, 18


def header(*, sound: bool = True) -> bytes:
    return b"FLV\x01" + bytes([5 if sound else 1]) + (9).to_bytes(4) + bytes(4)


def tag(kind: int, ms: int, content: bytes) -> bytes:
    time = (ms & 0xFFFFFF).to_bytes(3) + (ms >> 24).to_bytes(1)
    whole = bytes([kind]) + len(content).to_bytes(3) + time + bytes(3) + content
    return whole + len(whole).to_bytes(4)


def h264(ms: int, *, key: bool = False, kind: int = 1, offset: int = 0, size: int = 50) -> bytes:
    first = bytes([(1 if key else 2) << 4 | 7, kind])
    return tag(PICTURE, ms, first + offset.to_bytes(3, signed=True) + b"\xf5" * size)


def newer(
    ms: int, codec: bytes, *, key: bool = False, kind: int = 1, content: bytes = b""
) -> bytes:
    """Return a picture of Enhanced RTMP, with content or else five bytes."""
    first = bytes([0x80 | (1 if key else 2) << 4 | kind])
    return tag(PICTURE, ms, first + codec + (content or bytes(5)))


def aac(ms: int, *, kind: int = 1) -> bytes:
    return tag(SOUND, ms, bytes([0xAF, kind]) + bytes(20))
