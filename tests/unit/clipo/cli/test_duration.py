import pytest
import typer

from clipo.cli import duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2_592_000)]
)
def test_a_duration_has_a_unit(text: str, seconds: int) -> None:
    assert duration.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1h", "60", "1.5h", "1w", "\u0661h"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="90s, 15m, 1h or 30d"):
        duration.parse(text)


@pytest.mark.parametrize("text", ["100000s", "99999999d", "9" * 5000 + "h"])
def test_a_duration_has_a_limit(text: str) -> None:
    assert duration.parse("99999d") == 99_999 * 86_400
    with pytest.raises(typer.BadParameter, match="too long: the number is at most 99999"):
        duration.parse(text)


def test_a_token_is_valid_for_a_day_at_most() -> None:
    assert duration.parse_within_a_day("24h") == 86_400
    with pytest.raises(typer.BadParameter, match="at most 24h"):
        duration.parse_within_a_day("25h")
