"""Receives a video at the legacy endpoint and stores it in the uploads bucket."""

from typing import BinaryIO

from functions.adapters.telemetry import Metric, count, logger
from functions.api.new_video import check_size, new_video, owner_of_new_video
from functions.api.quota import add_within_quota, check_token_limit
from functions.api.services import Services
from functions.api.settings import ApiSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Video


def larger_files_hint(settings: ApiSettings) -> str:
    """Return advice to use `POST /videos` for files over the limit of the legacy endpoint."""
    if settings.max_multipart_bytes >= settings.max_upload_bytes:
        return ""
    return f" POST /videos takes up to {settings.max_upload_bytes:,}."


def receive_video(services: Services, *, filename: str, size: int, body: BinaryIO) -> Video:
    """Insert a pending video, then store its bytes, because the storage's event needs the record.

    Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    check_token_limit(services, size)
    limit = services.settings.max_multipart_bytes
    check_size(filename, size, limit, instead=larger_files_hint(services.settings))
    video = new_video(
        filename=filename,
        size=size,
        settings=services.settings,
        now=services.now(),
        owner=owner_of_new_video(services.caller),
        limits=services.caller.limits,
    )
    add_within_quota(services, video, method="form")
    try:
        services.storage.put_upload(
            video.upload.key, body, size=size, content_type=video.content_type
        )
    except StorageUnavailable:
        # The client never gets this id, so the record is of no use.
        services.catalog.discard(video)
        raise
    logger().info("upload received", video_id=video.id, owner=video.owner, size=size)
    count(Metric.UPLOADS)
    return video
