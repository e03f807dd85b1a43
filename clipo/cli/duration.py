"""Durations as options have them: 90s, 15m, 1h, 30d."""

import re

import typer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LARGEST = 99_999
"""The largest number before the unit."""


def parse(text: str) -> int:
    """Return a duration in seconds. Raises `typer.BadParameter`."""
    found = re.fullmatch(r"([1-9][0-9]*)([smhd])", text.strip(), re.ASCII)
    if not found:
        raise typer.BadParameter(f"{text!r} is not a duration like 90s, 15m, 1h or 30d.")
    # Compared by its length: `int` refuses thousands of digits.
    if len(found[1]) > len(str(_LARGEST)):
        raise typer.BadParameter(f"{text!r} is too long: the number is at most {_LARGEST}.")
    return int(found[1]) * _SECONDS[found[2]]


def parse_within_a_day(text: str) -> int:
    """Return the duration of a token, in seconds. Raises `typer.BadParameter`."""
    seconds = parse(text)
    if seconds > _SECONDS["d"]:
        raise typer.BadParameter("A token is valid for at most 24h.")
    return seconds
