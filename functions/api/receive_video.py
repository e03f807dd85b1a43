"""Takes a video as a form, as the ancestor did, and hands it to object storage."""

from typing import BinaryIO

from functions.adapters.catalog import discard
from functions.adapters.telemetry import Metric, count, logger
from functions.api.new_video import check_size, new_video
from functions.api.services import Services
from functions.api.settings import ApiSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Video


def larger_files_hint(settings: ApiSettings) -> str:
    """Name the endpoint for what is too large for a form but not for us."""
    if settings.max_multipart_bytes >= settings.max_upload_bytes:
        return ""
    return f" POST /videos takes up to {settings.max_upload_bytes:,}."


def receive_video(services: Services, *, filename: str, size: int, body: BinaryIO) -> Video:
    """Insert a pending video, then store its bytes: the storage's event needs the record.

    Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    limit = services.settings.max_multipart_bytes
    check_size(filename, size, limit, instead=larger_files_hint(services.settings))
    video = new_video(
        filename=filename,
        size=size,
        settings=services.settings,
        now=services.now(),
    )
    services.catalog.add(video, method="form")
    try:
        services.storage.put_upload(
            video.upload.key, body, size=size, content_type=video.content_type
        )
    except StorageUnavailable:
        # The client never learns this id, so nobody would wait for the video.
        discard(services.catalog, video)
        raise
    logger().info("upload received", video_id=video.id, size=size)
    count(Metric.UPLOADS)
    return video
