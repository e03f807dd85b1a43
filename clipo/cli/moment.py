"""Times as options have them: a date, a date with a time, or a duration before now."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import typer

from clipo.cli import duration


def parse(text: str) -> str:
    """Return a time as the API takes it. Raises `typer.BadParameter`.

    A time without a zone is in this machine's.
    """
    with suppress(typer.BadParameter):
        return _in_utc(datetime.now(UTC) - timedelta(seconds=duration.parse(text)))
    try:
        return _in_utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is not a time like 2026-11-28, 2026-11-28T18:00 or 7d (seven days ago)."
        ) from error


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
