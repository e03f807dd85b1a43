"""The parts of an upload: every client splits a file of one size in the same way."""

MIN_PART_BYTES = 8 << 20
MAX_PARTS = 10_000
"""The most parts of one upload. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""


def part_size(size: int) -> int:
    """Return the size of each part but the last, in bytes, of a file of `size` bytes."""
    return max(MIN_PART_BYTES, -(-size // MAX_PARTS))


def part_length(number: int, *, size: int, part_size: int) -> int | None:
    """Return the length in bytes of a part, counted from 1; `None` if the file has fewer parts."""
    left = size - (number - 1) * part_size
    return min(part_size, left) if left > 0 else None
