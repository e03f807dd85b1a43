"""Deletes a video at any time, also while it is uploaded or processed."""

from functions.adapters.telemetry import logger
from functions.api.lookup import check_id
from functions.api.services import Services
from functions.core.video import Video


def delete_video(
    services: Services, video_id: str, *, purge: bool, seen: Video | None = None
) -> bool:
    """Replace the record by a tombstone, then remove all objects of the video (ADR 35).

    With `purge` the storage keeps no older version of the file, also of one that arrives
    afterwards. With `seen` a video that has changed since then stays. A call that ended between the
    two can be repeated. An id without a record and a tombstone, or of another owner, is not an
    error: there is nothing to remove, and `False` is returned, as for a video that stays. Raises
    `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    check_id(video_id)
    deleted = services.catalog.delete(video_id, purge=purge, seen=seen)
    if deleted is None:
        return False
    services.storage.delete_objects_of(deleted)
    logger().info("video deleted", video_id=deleted.id, owner=deleted.owner, purge=deleted.purge)
    return True
