"""Processes a failed video again."""

from functions.adapters.catalog import change
from functions.adapters.telemetry import Metric, count, logger
from functions.api import problems
from functions.api.lookup import find_video
from functions.api.problems import Problem
from functions.api.services import Services
from functions.core import lifecycle
from functions.core.lifecycle import Refusal
from functions.core.unavailable import ProcessingUnavailable
from functions.core.video import Status, Video


def retry_video(services: Services, video_id: str) -> Video:
    """Move a failed video to pending and have its upload processed; return it.

    Raises `Problem` where it has not failed or has no file, `CatalogUnavailable` or
    `StorageUnavailable`.
    """
    video = find_video(services, video_id)
    if video.status is not Status.FAILED:
        raise _not_failed(video)
    found = services.storage.find_upload(video.upload.key)
    if found is None:
        raise Problem(
            problems.SOURCE_GONE,
            f"Video {video.id} has no file to process. Upload it as a new one: POST /videos.",
        )
    now = services.now()
    retried = change(services.catalog, video, lambda seen: lifecycle.retry(seen, now=now))
    if isinstance(retried, Refusal):
        # Another retry, a newer upload or a delete was faster.
        raise _not_failed(find_video(services, video_id))
    logger().info("video retried", video_id=video.id, size=found.size)
    count(Metric.RETRIES)
    try:
        services.processing.start(lifecycle.found_upload(retried, found))
    except ProcessingUnavailable:
        # The record says what is to be done, and the clean-up starts what has not begun (ADR 10).
        logger().error("processing not started", video_id=video.id, exc_info=True)
    return find_video(services, video_id)


def _not_failed(video: Video) -> Problem:
    return Problem(
        problems.NOT_FAILED, f"Video {video.id} is {video.status}. There is nothing to retry."
    )
