"""Tells whether a JPEG of ffmpeg's encoder is plain: nearly black, or of one colour.

It decodes only the average brightness of each block of 8x8 pixels, and stops as soon as the answer
is certain, so that an ordinary picture costs about a millisecond.
https://www.w3.org/Graphics/JPEG/itu-t81.pdf
"""

from collections.abc import Iterator
from dataclasses import dataclass

_MAX_BYTES = 128 << 10
"""Largest JPEG to decode, in bytes. A thumbnail of pure noise has 100 KB."""

_DARK = 20
"""Average brightness, 0 to 255, up to which a picture of little contrast counts as black."""

_FAINT = 16
"""Largest standard deviation of the brightness at which a dark picture counts as black."""

_FLAT = 4
"""Largest standard deviation of the brightness at which a picture counts as one colour."""

_DQT, _SOF0, _DHT, _SOS = 0xDB, 0xC0, 0xC4, 0xDA
_COEFFICIENTS = 64
"""Number of coefficients of a block. The first one is its average brightness."""

_END_OF_BLOCK = 0

_Codes = dict[str, int]


@dataclass(frozen=True, slots=True)
class _Component:
    blocks: int
    """Blocks in each group of blocks that are coded together."""
    step: int
    """Quantization step of the average."""
    averages: _Codes
    details: _Codes


@dataclass(frozen=True, slots=True)
class _Scan:
    """The coded picture: its decoding tables and its bits."""

    components: list[_Component]
    groups: int
    bits: str


def is_plain(jpeg: bytes) -> bool:
    """Tell whether a picture is nearly black or of one colour. `False` for an unusual JPEG."""
    if len(jpeg) > _MAX_BYTES:
        return False
    try:
        scan = _read(jpeg)
        return _is_plain(_brightness(scan), scan.groups * scan.components[0].blocks)
    except (LookupError, ValueError):
        return False


def _is_plain(levels: Iterator[float], count: int) -> bool:
    """Decide from the brightness of all `count` blocks."""
    seen, total, squares = 0, 0.0, 0.0
    for level in levels:
        seen += 1
        total += level
        squares += level * level
        # `scattered` and `total` only grow, so later blocks cannot make the picture plain again.
        scattered = (squares - total * total / seen) / count
        if scattered > _FAINT**2 or (scattered > _FLAT**2 and total / count > _DARK):
            return False
    return seen == count


def _brightness(scan: _Scan) -> Iterator[float]:
    """Yield the average brightness of each block of the first component, 0 to 255."""
    at, level = 0, 0
    for _ in range(scan.groups):
        for component in scan.components:
            for _ in range(component.blocks):
                at, change = _skip_block(scan.bits, at, component)
                if component is scan.components[0]:
                    level += change
                    yield 128 + level * component.step / 8


def _skip_block(bits: str, at: int, component: _Component) -> tuple[int, int]:
    """Return the position after a block, and the change of the average from the block before."""
    at, size = _symbol(bits, at, component.averages)
    change = _signed(bits[at : at + size])
    at += size
    coefficient = 1
    while coefficient < _COEFFICIENTS:
        at, symbol = _symbol(bits, at, component.details)
        if symbol == _END_OF_BLOCK:
            break
        coefficient += 1 + (symbol >> 4)
        at += symbol & 15
    return at, change


def _symbol(bits: str, at: int, codes: _Codes) -> tuple[int, int]:
    for end in range(at + 1, at + 17):
        symbol = codes.get(bits[at:end])
        if symbol is not None:
            return end, symbol
    raise ValueError("The bits match no code.")


def _signed(bits: str) -> int:
    if not bits:
        return 0
    value = int(bits, 2)
    return value if bits[0] == "1" else value - (1 << len(bits)) + 1


def _read(jpeg: bytes) -> _Scan:
    """Read the headers of a baseline JPEG."""
    steps: dict[int, int] = {}
    codes: dict[int, _Codes] = {}
    frame = b""
    at = 2
    while True:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        segment = jpeg[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == _DQT:
            steps |= {segment[i] & 15: segment[i + 1] for i in range(0, len(segment), 65)}
        elif marker == _DHT:
            codes |= _codes(segment)
        elif marker == _SOF0:
            frame = segment
        elif marker == _SOS:
            return _scan(frame, segment, steps, codes, jpeg[at:])


def _scan(
    frame: bytes, header: bytes, steps: dict[int, int], codes: dict[int, _Codes], data: bytes
) -> _Scan:
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    components = []
    for i in range(frame[5]):
        sampling, step = frame[7 + 3 * i], frame[8 + 3 * i]
        tables = header[2 + 2 * i]
        components.append(
            _Component(
                blocks=(sampling >> 4) * (sampling & 15),
                step=steps[step],
                averages=codes[tables >> 4],
                details=codes[16 | tables & 15],
            )
        )
    across, down = frame[7] >> 4, frame[7] & 15
    groups = -(-width // (8 * across)) * -(-height // (8 * down))
    coded = data.replace(b"\xff\x00", b"\xff")
    bits = bin(int.from_bytes(b"\x01" + coded))[3:]
    return _Scan(components, groups, bits)


def _codes(segment: bytes) -> dict[int, _Codes]:
    """Return the Huffman codes of a segment, by their class and number."""
    tables: dict[int, _Codes] = {}
    at = 0
    while at < len(segment):
        table, counts = segment[at], segment[at + 1 : at + 17]
        at += 17
        code = 0
        codes: _Codes = {}
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                codes[f"{code:0{length}b}"] = segment[at]
                code += 1
                at += 1
            code <<= 1
        tables[table] = codes
    return tables
