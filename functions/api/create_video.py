"""Announces a video and signs its upload. No byte of it passes through here."""

from api.new_video import UPLOAD_WINDOW_S, new_video
from api.services import Services
from shared.log import logger
from shared.storage import SignedPost
from shared.video import Video


def create_video(
    services: Services,
    *,
    filename: str,
    size: int,
    content_type: str | None,
    passthrough: str | None,
) -> tuple[Video, SignedPost]:
    """Insert a pending video and return it with the form that uploads it.

    Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    video = new_video(
        filename=filename,
        size=size,
        upload_method="POST",
        settings=services.settings,
        content_type=content_type,
        passthrough=passthrough,
    )
    signed = services.objects.sign_upload(
        video.upload.key,
        content_type=video.content_type,
        max_bytes=services.settings.max_upload_bytes,
        expires_s=UPLOAD_WINDOW_S,
    )
    services.records.add(video)
    logger().info("upload signed", video_id=video.id, size=size)
    return video, signed
