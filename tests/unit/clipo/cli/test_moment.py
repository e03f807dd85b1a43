from datetime import UTC, datetime, timedelta

import pytest
import typer

from clipo.cli import moment


def test_a_duration_counts_back_from_now() -> None:
    sent = moment.parse("7d")
    age = datetime.now(UTC) - datetime.fromisoformat(sent)
    assert timedelta(days=7) <= age < timedelta(days=7, minutes=1)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("2026-11-28T12:00:00Z", "2026-11-28T12:00:00.000Z"),
        ("2026-11-28T12:00+02:00", "2026-11-28T10:00:00.000Z"),
    ],
)
def test_a_time_is_sent_in_utc(text: str, sent: str) -> None:
    assert moment.parse(text) == sent


def test_a_date_begins_at_midnight_of_this_machine() -> None:
    assert datetime.fromisoformat(moment.parse("2026-11-28")) == datetime(2026, 11, 28).astimezone()


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "7", "0001-01-01T00:00+23:59"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-11-28"):
        moment.parse(text)
