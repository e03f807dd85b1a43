import pytest
import typer

from clipo.cli import byte_size, view


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("500kB", 500_000), ("20 MB", 20_000_000), ("1gb", 10**9), ("5TB", 5 * 10**12)],
)
def test_a_size_may_have_a_unit(text: str, count: int) -> None:
    assert byte_size.parse(text) == count


def test_the_units_are_those_of_the_output() -> None:
    assert byte_size.parse(view.size(7_000_000).replace(".0", "")) == 7_000_000


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5GB", "1GiB", "1G", "GB", "9" * 16, "\u0661"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="500kB, 20MB, 5GB or 1TB"):
        byte_size.parse(text)
