"""Signs one request of a pending video's upload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from functions.adapters.storage import MultipartStep, SignedPost
from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.lookup import find_video
from functions.api.new_video import UPLOAD_WINDOW_S
from functions.api.problems import InvalidField, Problem
from functions.api.services import Services
from functions.core import parts
from functions.core.lifecycle import announcement
from functions.core.lifecycle.moves import Refusal
from functions.core.video import Video

_CONTENT_LENGTH = "Content-Length"
_OBJECT_SIZE = "x-amz-mp-object-size"
"""S3 completes an upload in parts only if its parts have this size together.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""


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
    part_size: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that the client has to set: the signature covers them."""
    form: SignedPost | None = None


def sign_form(services: Services, video: Video) -> SignedPost:
    """Sign the form that uploads a video in one request. Raises `StorageUnavailable`."""
    return services.storage.sign_upload(
        video.upload.key,
        content_type=video.content_type,
        size=video.declared_size,
        expires_s=UPLOAD_WINDOW_S,
    )


def sign_upload(
    services: Services, video_id: str, *, key: str | None, multipart: MultipartRequest | None
) -> Signed:
    """Sign a step of an upload in parts, or the form if `multipart` is `None`.

    The video then waits for its upload as long as the signature is valid. Raises `Problem` for the
    key of another video, for a part that the file does not have, and for a video that is not
    pending, `CatalogUnavailable` or `StorageUnavailable`.
    """
    video = find_video(services, video_id)
    _check_key(key, video)
    headers = _bound_headers(video, multipart)
    awaited = extend_upload(services, video)
    if awaited is None:
        raise _not_pending(find_video(services, video_id))
    expires_at = services.now() + announcement.UPLOAD_WINDOW
    logger().info("request signed", video_id=video.id, step=multipart and multipart.step)
    part_size = part_size_of(video)
    if multipart is None:
        form = sign_form(services, video)
        return Signed(video.upload.key, expires_at, form.url, part_size, form=form)
    url = services.storage.sign_multipart(
        video.upload.key,
        multipart.step,
        headers=headers,
        upload_id=multipart.upload_id,
        part_number=multipart.part_number,
        expires_s=UPLOAD_WINDOW_S,
    )
    # Every HTTP client sets this one by itself, and browsers let no script set it.
    headers.pop(_CONTENT_LENGTH, None)
    return Signed(video.upload.key, expires_at, url, part_size, headers)


def part_size_of(video: Video) -> int:
    """Return the size of each part but the last, if the video is uploaded in parts."""
    return video.upload.part_size or parts.part_size(video.declared_size)


def _bound_headers(video: Video, multipart: MultipartRequest | None) -> dict[str, str]:
    """Return the headers that a step of an upload in parts is bound to.

    They bind type and size to the announced ones. The sizes of 0.1's uploads stay free.
    """
    step = multipart and multipart.step
    if step is MultipartStep.CREATE:
        return {"Content-Type": video.content_type}
    if video.upload.part_size is None:
        return {}
    if step is MultipartStep.COMPLETE:
        return {_OBJECT_SIZE: str(video.declared_size)}
    if multipart and multipart.part_number is not None:
        return {_CONTENT_LENGTH: str(_part_length(video, multipart.part_number))}
    return {}


def _part_length(video: Video, number: int) -> int:
    size, each = video.declared_size, part_size_of(video)
    length = parts.part_length(number, size=size, part_size=each)
    if length is None:
        raise Problem(
            problems.NO_SUCH_PART,
            f"A file of {size:,} bytes has no part {number:,}: each part but the last has"
            f" {each:,} bytes. Split the file by `part_size`.",
            InvalidField("body.partNumber", f"The file has {-(-size // each):,} parts"),
        )
    return length


def extend_upload(services: Services, video: Video) -> Video | None:
    """Extend the upload window of a pending video; return `None` if it is not pending."""
    now = services.now()
    moved = services.catalog.change(video, lambda seen: announcement.extend_upload(seen, now=now))
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
