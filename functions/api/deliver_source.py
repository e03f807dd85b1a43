"""Signs the address of a video's file, which S3 delivers by ranges (ADR 45)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from functions.api.lookup import find_source
from functions.api.services import Services
from functions.core.content_disposition import content_disposition
from functions.core.formats import media_type_of
from functions.core.pictures import picture_version

_LIFETIME = timedelta(minutes=15)
"""The validity of a signature. The bucket's policy denies older ones."""


@dataclass(frozen=True, slots=True)
class SignedSource:
    """The signed address of a file, and its end."""

    url: str
    expires_at: datetime


def sign_source(
    services: Services, video_id: str, *, method: Literal["GET", "HEAD"], attachment: bool
) -> SignedSource:
    """Return the address at which anyone can get the file of a video, for some minutes.

    Raises `Problem`, `Unauthenticated`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    video, media = find_source(services, video_id)
    # The time of the signature is not earlier than this one.
    expires_at = services.now().replace(microsecond=0) + _LIFETIME
    url = services.storage.sign_source(
        video.upload.key,
        method=method,
        content_type=media_type_of(media.container),
        content_disposition=content_disposition(video.filename, attachment=attachment),
        version=picture_version(video) or "",
        expires_s=int(_LIFETIME.total_seconds()),
    )
    return SignedSource(url, expires_at)
