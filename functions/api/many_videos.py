"""Acts on the videos of a selection, some with each call (ADR 58)."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from functions.api.cursor import cursor_after
from functions.api.list_videos import COUNTED
from functions.api.services import Services
from functions.core.listing import Selection
from functions.core.video import Video

_WORK_S = 8.0
"""The seconds after which a call answers: Lambda and API Gateway give up after 30."""


@dataclass(frozen=True, slots=True)
class LeftVideo:
    """A video that a call has tried in vain, and why."""

    id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The position of a call in its selection."""

    tried: int = 0
    """The number of videos that this call has tried."""
    remaining: int = 0
    """The number of videos of the selection that no call has tried yet, up to `COUNTED`."""
    next_cursor: str | None = None
    """The cursor of the next call; `None` if no video remains, or this call has tried none."""


def act_on_many(
    services: Services,
    selection: Selection,
    *,
    owner: str | None,
    after: str | None,
    limit: int,
    act: Callable[[Video], bool],
) -> Progress:
    """Act on up to `limit` videos after a position, until the time is up or `act` returns `False`.

    A limit of 0 only counts them. Raises `CatalogUnavailable`, and the errors of `act`.
    """
    tried, last, begun = 0, None, monotonic()
    if limit:
        for video in services.catalog.page(selection, owner=owner, after=after, limit=limit):
            if monotonic() - begun > _WORK_S:
                break
            goes_on = act(video)
            tried, last = tried + 1, video
            if not goes_on:
                break
    after = last.id if last else after
    remaining = services.catalog.count(selection, owner=owner, after=after, limit=COUNTED)
    following = cursor_after(last, selection, owner) if last and remaining else None
    return Progress(tried, remaining, following)
