"""Retries the failed videos of a selection, some with each call (ADR 58)."""

from dataclasses import dataclass, field

from functions.api import problems
from functions.api.many_videos import LeftVideo, Progress, act_on_many
from functions.api.problems import Problem
from functions.api.process_again import retry_among_many
from functions.api.services import Services
from functions.core.lifecycle.replays import MAX_REPLAYS_AWAITED
from functions.core.listing import Selection
from functions.core.video import Video

MOST = MAX_REPLAYS_AWAITED
"""The most videos that one call retries."""


@dataclass(slots=True)
class ManyRetries:
    """The work of one call."""

    retried: list[str] = field(default_factory=list)
    refused: list[LeftVideo] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)


def retry_videos(
    services: Services, selection: Selection, *, owner: str | None, after: str | None, limit: int
) -> ManyRetries:
    """Retry the videos after a position, newest first, as long as workers are near.

    A limit of 0 only counts them. Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    report = ManyRetries()

    def retry(video: Video) -> bool:
        try:
            retry_among_many(services, video)
        except Problem as problem:
            report.refused.append(LeftVideo(video.id, problem.kind.code, problem.detail))
        else:
            report.retried.append(video.id)
        return True

    limit = min(limit, _room(services)) if limit else 0
    report.progress = act_on_many(
        services, selection, owner=owner, after=after, limit=limit, act=retry
    )
    return report


def _room(services: Services) -> int:
    """Return how many events may be added to those that await a worker. Raises `Problem`."""
    awaited = services.catalog.count_replays_awaited(limit=MAX_REPLAYS_AWAITED)
    if awaited >= MAX_REPLAYS_AWAITED:
        raise Problem(problems.TOO_MANY_RETRIES, problems.TOO_MANY_RETRIES.example)
    return MAX_REPLAYS_AWAITED - awaited
