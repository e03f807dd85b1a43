"""Saves files that another process watches."""

from pathlib import Path


def save_at_once(file: Path, text: str, *, by: Path) -> None:
    """Replace a file with one event for those who watch its folder.

    `by` is a new file outside that folder. A plain write truncates first, which is another event.
    """
    by.write_text(text)
    by.replace(file)
