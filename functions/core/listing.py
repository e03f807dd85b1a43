"""The selection and the order of a list of videos: values and text rules only (ADR 52)."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.core.video import Status

MAX_NAME_KEY = 255
"""The most characters of a name that a key holds."""

_LAST_CHARACTER = "\U0010ffff"
_BEFORE_ID = "\x01"
"""The separator of a name and an id, which sorts before every character that a name may have."""


class Order(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    """By name, without regard to upper and lower case; videos of one name by age."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The conditions that all videos of a list meet, and the list's order.

    `None`, or no status, sets no condition.
    """

    statuses: tuple[Status, ...] = ()
    error_codes: tuple[str, ...] = ()
    """The codes of failure of which a video has one."""
    retryable: bool = False
    """Whether only the failed videos are selected whose failure a retry may mend."""
    search: str | None = None
    """An id, a passthrough, or the start of a name in upper or lower case.

    Needs `Order.NAME`: the names that begin with a text are one range of that order.
    """
    passthrough: str | None = None
    created_after: datetime | None = None
    """The earliest time of creation."""
    created_before: datetime | None = None
    """The time before which all are created."""
    order: Order = Order.NEWEST

    def __post_init__(self) -> None:
        """Refuse a search in another order than that of the names."""
        if self.search is not None and self.order is not Order.NAME:
            raise ValueError("A search is in the order of the names.")

    def position(self, filename: str, video_id: str) -> str:
        """Return the position of a video in this order: no other video has the same."""
        return name_key(filename, video_id) if self.order is Order.NAME else video_id


EVERY_VIDEO = Selection()
"""All videos, newest first."""


def name_key(filename: str, video_id: str) -> str:
    """Return a key that sorts videos by name and then by id, and begins with `search_key`."""
    return f"{search_key(filename)}{_BEFORE_ID}{video_id}"


def search_key(text: str) -> str:
    """Return a name, or the start of one, in the form in which Clipo compares names.

    It follows canonical caseless matching: https://www.unicode.org/versions/latest/core-spec/chapter-3/#G34145
    """
    folded = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", folded)[:MAX_NAME_KEY]


def keys_with_prefix(text: str) -> tuple[str, str]:
    """Return the first key of the names that begin with a text, and an end after the last one."""
    prefix = search_key(text)
    return prefix, prefix + _LAST_CHARACTER
