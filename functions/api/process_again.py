"""Processes an uploaded file again: a retry of a failed video, or a reprocess of a done one."""

from collections.abc import Callable

from functions.adapters.telemetry import Metric, count, logger
from functions.api import problems
from functions.api.lookup import find_video
from functions.api.problems import Problem
from functions.api.quota import change_within_quota
from functions.api.services import Services
from functions.core.lifecycle import replays, restarts
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.unavailable import ProcessingUnavailable
from functions.core.video import Source, Status, Video


def retry_video(services: Services, video_id: str) -> Video:
    """Move a failed video to pending, start processing its upload, and return it.

    Raises `Problem` if it has not failed or has no file, `CatalogUnavailable` or
    `StorageUnavailable`.
    """
    now = services.now()
    _retry(services, find_video(services, video_id), lambda seen: restarts.retry(seen, now=now))
    return find_video(services, video_id)


def retry_among_many(services: Services, video: Video) -> None:
    """Retry a video of a selection. Raises the errors of `retry_video`."""
    now = services.now()
    _retry(services, video, lambda seen: restarts.retry_among_many(seen, now=now))


def reprocess_video(services: Services, video_id: str) -> Video:
    """Move a done video to pending, start processing its upload, and return it.

    It keeps its metadata and thumbnail until new ones replace them. Raises `Problem` if it is not
    done or has no file, `CatalogUnavailable` or `StorageUnavailable`.
    """
    now = services.now()
    found, moved = _find_and_move(
        services,
        find_video(services, video_id),
        lambda seen: restarts.reprocess(seen, now=now),
        _not_done,
    )
    logger().info("video reprocessed", video_id=moved.id, size=found.size)
    _start(services, moved, found)
    return find_video(services, video_id)


def _retry(services: Services, video: Video, rule: Callable[[Video], Move]) -> None:
    found, retried = _find_and_move(services, video, rule, _not_failed)
    logger().info("video retried", video_id=retried.id, size=found.size)
    count(Metric.RETRIES)
    _start(services, retried, found)


def _find_and_move(
    services: Services,
    video: Video,
    rule: Callable[[Video], Move],
    refused: Callable[[Video], Problem],
) -> tuple[Source, Video]:
    """Return the stored file, and the record after a rule has moved it."""
    if isinstance(rule(video), Refusal):
        raise refused(video)
    found = services.storage.find_upload(video.upload.key)
    if found is None:
        raise _source_gone(video)
    if replays.is_replaced(video, found):
        raise _source_replaced(video)
    moved = change_within_quota(services, video, rule)
    if isinstance(moved, Refusal):
        # Another call, a newer upload or a delete was faster.
        raise refused(find_video(services, video.id))
    return found, moved


def _start(services: Services, video: Video, found: Source) -> None:
    try:
        services.processing.start(replays.found_upload(video, found))
    except ProcessingUnavailable:
        # The record is pending already, so upkeep starts the processing later (ADR 10).
        logger().error("processing not started", video_id=video.id, exc_info=True)


def _source_gone(video: Video) -> Problem:
    return Problem(
        problems.SOURCE_GONE,
        f"Video {video.id} has no file to process. Upload it as a new one: POST /videos.",
    )


def _source_replaced(video: Video) -> Problem:
    return Problem(
        problems.SOURCE_GONE,
        f"Another upload has replaced the file of video {video.id}, so Clipo keeps the old result"
        " and does not process the new file. Upload that file as a new video: POST /videos.",
    )


def _not_failed(video: Video) -> Problem:
    advice = " To process it again, reprocess it." if video.status is Status.DONE else ""
    return Problem(
        problems.NOT_FAILED,
        f"Video {video.id} is {video.status}. There is nothing to retry.{advice}",
    )


def _not_done(video: Video) -> Problem:
    failed = video.status is Status.FAILED
    advice = (
        "To process a failed video again, retry it."
        if failed
        else "Wait until it is done, then reprocess it."
    )
    return Problem(problems.NOT_DONE, f"Video {video.id} is {video.status}. {advice}")
