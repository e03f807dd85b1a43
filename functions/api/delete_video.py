"""Deletes a video, whatever happens to it at this moment."""

from functions.adapters.telemetry import logger
from functions.api.lookup import check_id
from functions.api.services import Services


def delete_video(services: Services, video_id: str) -> None:
    """Remove the record, then all objects of this id, whether there is a record or not (ADR 11).

    So that a call which ended between the two can be repeated, and one that comes late
    does no harm. Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    check_id(video_id)
    # Ids are written in either case, keys in lower case only.
    video_id = video_id.lower()
    services.catalog.delete(video_id)
    services.storage.delete_objects_of(video_id)
    logger().info("video deleted", video_id=video_id)
