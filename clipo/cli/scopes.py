"""Scopes as options have them: upload,read.

The API checks them by `functions/core`, which the wheel does not contain. So their names are stated
here a second time, and a test compares both.
"""

from collections.abc import Sequence

import typer

NAMES = ("upload", "read", "deliver", "write", "admin")


def check(text: str) -> str:
    """Return the scopes, with commas between them. Raises `typer.BadParameter`."""
    unknown = [scope for scope in text.split(",") if scope not in NAMES]
    if unknown:
        names = f"{', '.join(NAMES[:-1])} and {NAMES[-1]}"
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a scope. Scopes are {names}: separate them by commas."
        )
    return text


def complete(incomplete: str) -> list[str]:
    """Return the scopes that a shell may complete the last word of an option to."""
    before, comma, last = incomplete.rpartition(",")
    left = [name for name in NAMES if name not in before.split(",")]
    return [f"{before}{comma}{name}" for name in left if name.startswith(last)]


def split(options: Sequence[str]) -> list[str]:
    """Return each scope of all options once."""
    return list(dict.fromkeys(",".join(options).split(",")))
