"""Deletes a video at any time, also while it is uploaded or processed."""

from functions.adapters.telemetry import logger
from functions.api.lookup import check_id
from functions.api.services import Services
from functions.core.video import DeletedVideo, Video


def delete_video(services: Services, video_id: str, *, purge: bool) -> None:
    """Replace the record by a tombstone, then remove all objects of the video (ADR 35).

    With `purge` the storage keeps no older version of the file, also of one that arrives
    afterwards. A call that ended between the two can be repeated. An id without a record and a
    tombstone, or of another owner, is not an error: there is nothing to remove. Raises `Problem`,
    `CatalogUnavailable` or `StorageUnavailable`.
    """
    check_id(video_id)
    _remove_objects(services, services.catalog.delete(video_id, purge=purge))


def delete_among_many(services: Services, seen: Video, *, purge: bool) -> bool:
    """Delete a video in the same way if it has not changed since it was seen.

    Returns `False` for a video that has changed. Raises `CatalogUnavailable` or
    `StorageUnavailable`.
    """
    deleted = services.catalog.delete(seen.id, purge=purge, seen=seen)
    _remove_objects(services, deleted)
    return deleted is not None


def _remove_objects(services: Services, deleted: DeletedVideo | None) -> None:
    if deleted is None:
        return
    services.storage.delete_objects_of(deleted)
    logger().info("video deleted", video_id=deleted.id, owner=deleted.owner, purge=deleted.purge)
