"""Fails a video that no worker finishes."""

from datetime import datetime
from functools import partial

from functions.adapters.catalog import Catalog
from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.storage import Storage, remove_pictures, remove_thumbnail
from functions.adapters.telemetry import count_failed, logger
from functions.core.lifecycle import stuck
from functions.core.video import Failure, Status, Video


def fail_stuck(
    catalog: Catalog, storage: SdkStorage | Storage, seen: Video, error: Failure, *, now: datetime
) -> bool:
    """Save that a stuck video failed; return `False` if its record has changed since it was read.

    Pictures that the video no longer shows are deleted. Raises `CatalogUnavailable`.
    """
    webhook = catalog.new_webhook(due_at=now)
    failed = stuck.fail_stuck(seen, error=error, webhook=webhook, now=now)
    if not catalog.save(seen, failed):
        return False
    kept = failed.status is Status.DONE
    logger().warning(
        "reprocessing failed" if kept else "video failed",
        video_id=seen.id,
        owner=seen.owner,
        code=error.code,
        attempts=seen.attempts,
    )
    count_failed(error.code)
    if seen.thumbnail and not kept:
        remove_thumbnail(storage.delete_thumbnail, seen.thumbnail.key, video_id=seen.id)
        remove_pictures(partial(storage.delete_pictures, seen.id), video_id=seen.id)
    return True
