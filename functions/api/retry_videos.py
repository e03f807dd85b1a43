"""Retries the failed videos of a selection, some with each call (ADR 58)."""

from dataclasses import dataclass, field
from time import monotonic

from functions.api import problems
from functions.api.cursor import cursor_after
from functions.api.list_videos import COUNTED
from functions.api.problems import Problem
from functions.api.process_again import retry_among_many
from functions.api.services import Services
from functions.core.lifecycle import MAX_REPLAYS_AWAITED
from functions.core.listing import Selection
from functions.core.video import Video

MOST = MAX_REPLAYS_AWAITED
"""The most videos that one call retries."""

_RETRY_S = 8.0
"""The seconds after which a call answers: Lambda and API Gateway give up after 30."""


@dataclass(frozen=True, slots=True)
class RefusedVideo:
    """A failed video that cannot be retried."""

    id: str
    code: str
    message: str


@dataclass(slots=True)
class ManyRetries:
    """The work of one call."""

    retried: list[str] = field(default_factory=list)
    refused: list[RefusedVideo] = field(default_factory=list)
    remaining: int = 0
    """The number of videos of the selection that no call has tried yet, up to `COUNTED`."""
    next_cursor: str | None = None
    """The cursor of the next call; `None` if no video remains, or this call has tried none."""


def retry_videos(
    services: Services, selection: Selection, *, owner: str | None, after: str | None, limit: int
) -> ManyRetries:
    """Retry the videos after a position, newest first, as long as workers are near.

    A limit of 0 only counts them. Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    report, last = ManyRetries(), None
    if limit:
        limit = min(limit, _room(services))
        videos = services.catalog.page(selection, owner=owner, after=after, limit=limit)
        last = _retry_some(services, videos, report)
    after = last.id if last else after
    report.remaining = services.catalog.count(selection, owner=owner, after=after, limit=COUNTED)
    if last and report.remaining:
        report.next_cursor = cursor_after(last, selection, owner)
    return report


def _room(services: Services) -> int:
    """Return how many events may be added to those that await a worker. Raises `Problem`."""
    awaited = services.catalog.count_replays_awaited(limit=MAX_REPLAYS_AWAITED)
    if awaited >= MAX_REPLAYS_AWAITED:
        raise Problem(problems.TOO_MANY_RETRIES, problems.TOO_MANY_RETRIES.example)
    return MAX_REPLAYS_AWAITED - awaited


def _retry_some(services: Services, videos: list[Video], report: ManyRetries) -> Video | None:
    """Retry videos until the time is up; return the last one that was tried."""
    last, begun = None, monotonic()
    for video in videos:
        if monotonic() - begun > _RETRY_S:
            break
        try:
            retry_among_many(services, video)
        except Problem as problem:
            report.refused.append(RefusedVideo(video.id, problem.kind.code, problem.detail))
        else:
            report.retried.append(video.id)
        last = video
    return last
