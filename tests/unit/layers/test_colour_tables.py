"""The tables for BT.2020 are those that layers/colours/make_tables.py writes."""

import pytest

from functions.media import colour
from layers.colours import make_tables


def test_the_engine_has_a_table_for_every_kind_of_hdr() -> None:
    names = {file.name for file in make_tables.FOLDER.iterdir()}
    assert names == set(make_tables.TABLES) == {*colour._HDR.values(), "bt2020.cube"}


@pytest.mark.parametrize("name", make_tables.TABLES)
def test_a_table_is_up_to_date(name: str) -> None:
    made = make_tables.table(make_tables.TABLES[name]).split()
    kept = (make_tables.FOLDER / name).read_text().split()
    assert kept[:2] == made[:2]
    # Another machine's mathematics may round the last digit differently.
    assert list(map(float, kept[2:])) == pytest.approx(list(map(float, made[2:])), abs=0.00011)


@pytest.mark.parametrize(("name", "white"), [("hlg.cube", 0.75), ("pq.cube", 0.58)])
def test_the_reference_white_stays_bright(name: str, white: float) -> None:
    """BT.2408 puts 203 nits at 75% of HLG's signal and at 58% of PQ's."""
    linear = make_tables.TABLES[name]
    assert linear(white) == pytest.approx(1, abs=0.01)
    assert make_tables.convert(linear, (white,) * 3) == pytest.approx((0.84,) * 3, abs=0.01)


@pytest.mark.parametrize("name", make_tables.TABLES)
def test_black_and_the_peak_are_black_and_white(name: str) -> None:
    linear = make_tables.TABLES[name]
    assert make_tables.convert(linear, (0, 0, 0)) == (0, 0, 0)
    assert make_tables.convert(linear, (1, 1, 1)) == pytest.approx((1, 1, 1), abs=0.13)
