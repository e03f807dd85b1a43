"""How files are split into parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.parts import MAX_PARTS, MIN_PART_BYTES, part_length, part_size

sizes = st.integers(1, 5 << 40)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, 8 << 20),
        (5_000_000_000, 8 << 20),
        (MAX_PARTS * MIN_PART_BYTES, 8 << 20),
        (MAX_PARTS * MIN_PART_BYTES + 1, (8 << 20) + 1),
        (5 << 40, 549_755_814),
    ],
)
def test_a_part_has_8_mib_unless_that_makes_more_than_10_000(size: int, expected: int) -> None:
    assert part_size(size) == expected


@given(sizes)
def test_the_parts_of_every_file_are_the_file(size: int) -> None:
    each = part_size(size)
    count = -(-size // each)
    assert count <= MAX_PARTS
    lengths = [part_length(number, size=size, part_size=each) for number in range(1, count + 1)]
    assert lengths[:-1] == [each] * (count - 1)
    assert sum(filter(None, lengths)) == size
    assert part_length(count + 1, size=size, part_size=each) is None
