"""Parts that the commands for many videos share."""

from typing import Annotated

import typer

from clipo.cli import moment
from clipo.errors import Misuse

_COUNTED = 10_000
"""The largest count of the API, which means this number or more."""

CodeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE",
        help="Only videos that failed with this code, such as out_of_memory. Can be repeated.",
        show_default=False,
    ),
]


def owner_name(text: str) -> str:
    """Return an owner. Raises `BadParameter` for an empty text: the value of an unset variable."""
    if not text:
        raise typer.BadParameter("It is empty. Leave the option out for the videos of all owners.")
    return text


OwnerOption = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER",
        parser=owner_name,
        help="Only videos of this owner, if the key is for all owners.",
        show_default="all",
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        parser=moment.parse,
        help="Only videos announced since then: 2026-11-28, 2026-11-28T18:00, or 7d.",
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", parser=moment.parse, help="Only videos announced before then."),
]


def check_span(since: str | None, until: str | None) -> None:
    """Raise `Misuse` if a span of two times that `moment.parse` returned ends before it begins."""
    if since and until and until < since:
        raise Misuse("--until is before --since.")


def counted(count: int) -> str:
    """Return a count of the API as text."""
    return f"{count:,} or more" if count >= _COUNTED else f"{count:,}"


def others(count: int, shown: int) -> str:
    """Return the rest of a count of the API, without those that are shown, as text."""
    return "many" if count >= _COUNTED else f"{count - shown:,}"
