"""Deletes a video at any time, also while it is uploaded or processed."""

from functions.adapters.telemetry import logger
from functions.api.lookup import check_id
from functions.api.services import Services


def delete_video(services: Services, video_id: str, *, purge: bool) -> None:
    """Remove the record, then all objects of this id, whether there is a record or not (ADR 11).

    With `purge` the storage keeps no older version of the file. A call that ended between the two
    can be repeated. Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    check_id(video_id)
    # An id may come in capital letters, but object keys have lower case only.
    video_id = video_id.lower()
    services.catalog.delete(video_id)
    services.storage.delete_objects_of(video_id, purge=purge)
    logger().info("video deleted", video_id=video_id, purge=purge)
