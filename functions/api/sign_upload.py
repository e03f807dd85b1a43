"""Signs one request of a pending video's upload."""

from dataclasses import dataclass
from datetime import datetime

from functions.adapters.storage import MultipartStep, SignedPost
from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.lookup import find_video
from functions.api.new_video import UPLOAD_WINDOW_S
from functions.api.problems import Problem
from functions.api.services import Services
from functions.core import lifecycle
from functions.core.lifecycle import UPLOAD_WINDOW, Refusal
from functions.core.video import Video


@dataclass(frozen=True, slots=True)
class MultipartRequest:
    """One step of an upload in parts."""

    step: MultipartStep
    upload_id: str | None
    part_number: int | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed request for this video's key."""

    key: str
    expires_at: datetime
    url: str
    content_type: str | None = None
    """Content type that the request must carry, if the signature covers one."""
    form: SignedPost | None = None


def sign_form(services: Services, video: Video) -> SignedPost:
    """Sign the form that uploads a video in one request. Raises `StorageUnavailable`."""
    return services.storage.sign_upload(
        video.upload.key,
        content_type=video.content_type,
        max_bytes=services.settings.max_upload_bytes,
        expires_s=UPLOAD_WINDOW_S,
    )


def sign_upload(
    services: Services, video_id: str, *, key: str | None, multipart: MultipartRequest | None
) -> Signed:
    """Sign a step of an upload in parts, or the form if `multipart` is `None`.

    The video then waits for its upload as long as the signature is valid. Raises `Problem` for the
    key of another video and for a video that is not pending, `CatalogUnavailable` or
    `StorageUnavailable`.
    """
    video = find_video(services, video_id)
    _check_key(key, video)
    awaited = extend_upload(services, video)
    if awaited is None:
        raise _not_pending(find_video(services, video_id))
    expires_at = services.now() + UPLOAD_WINDOW
    logger().info("request signed", video_id=video.id, step=multipart and multipart.step)
    if multipart is None:
        form = sign_form(services, video)
        return Signed(video.upload.key, expires_at, form.url, form=form)
    content_type = video.content_type if multipart.step is MultipartStep.CREATE else None
    url = services.storage.sign_multipart(
        video.upload.key,
        multipart.step,
        content_type=content_type,
        upload_id=multipart.upload_id,
        part_number=multipart.part_number,
        expires_s=UPLOAD_WINDOW_S,
    )
    return Signed(video.upload.key, expires_at, url, content_type=content_type)


def extend_upload(services: Services, video: Video) -> Video | None:
    """Extend the upload window of a pending video; return `None` if it is not pending."""
    now = services.now()
    moved = services.catalog.change(video, lambda seen: lifecycle.extend_upload(seen, now=now))
    return None if isinstance(moved, Refusal) else moved


def _check_key(key: str | None, video: Video) -> None:
    if key not in (None, video.upload.key):
        raise Problem(
            problems.FOREIGN_KEY,
            f"Only {video.upload.key} can be signed here. Send no other key.",
        )


def _not_pending(video: Video) -> Problem:
    state = video.status.value
    if video.has_result and not video.status.finished:
        state = "being processed again, and its file cannot be replaced"
    return Problem(
        problems.NOT_PENDING,
        f"Video {video.id} is {state}. Upload another file as a new one: POST /videos.",
    )
