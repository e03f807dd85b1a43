"""The order of names, and the range of those that begin with a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.listing import (
    MAX_NAME_KEY,
    Order,
    Selection,
    keys_with_prefix,
    name_key,
    search_key,
)

ID, OTHER = "0" * 24, "f" * 24
names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=255)


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("Holiday.MP4", "hOLI"),
        ("STRASSE.mp4", "straße"),
        ("Cafe\u0301.mp4", "CAFÉ"),
        ("ΣΊΣΥΦΟΣ.mov", "σίσυφος"),
        ("50%_off (final).*.mp4", "50%_OFF (FINAL).*"),
    ],
)
def test_a_search_knows_no_difference_of_case_or_composition(name: str, search: str) -> None:
    first, end = keys_with_prefix(search)
    assert first <= name_key(name, ID) < end


@pytest.mark.parametrize("search", [".*", "^h", "h$", "oliday", "holiday.mp4.", "{'$gt': ''}"])
def test_a_search_is_for_plain_text(search: str) -> None:
    first, end = keys_with_prefix(search)
    assert not first <= name_key("holiday.mp4", ID) < end


@given(names, names)
def test_a_range_has_exactly_the_names_that_begin_with_the_text(name: str, search: str) -> None:
    first, end = keys_with_prefix(search)
    begins = search_key(name).startswith(search_key(search))
    assert (first <= name_key(name, ID) < end) is begins


@given(names, names)
def test_names_sort_before_ids(one: str, other: str) -> None:
    in_order = search_key(one) < search_key(other)
    assert in_order is (name_key(one, OTHER) < name_key(other, ID))
    assert name_key(one, ID) < name_key(one, OTHER)
    assert len(search_key(one)) <= MAX_NAME_KEY


def test_a_search_is_in_the_order_of_the_names() -> None:
    with pytest.raises(ValueError, match="order of the names"):
        Selection(search="a", order=Order.OLDEST)
