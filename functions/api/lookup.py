"""Finds the video that a path names."""

from functions.adapters.mongo.ids import is_video_id
from functions.adapters.storage import ObjectGone, StoredPicture
from functions.api import problems
from functions.api.problems import Problem
from functions.api.services import Services
from functions.core.access import PUBLIC_CALLER, missing_credential
from functions.core.media import Media
from functions.core.video import Status, Thumbnail, Video


def check_id(video_id: str) -> None:
    """Raise `Problem` unless the text can be an id."""
    if not is_video_id(video_id):
        raise Problem(
            problems.INVALID_ID, f"{video_id!r} is not a video id, which has 24 hexadecimal digits."
        )


def find_video(services: Services, video_id: str) -> Video:
    """Return the video, or raise `Problem` with 400 for no id and 404 for an unknown one."""
    check_id(video_id)
    video = services.catalog.get(video_id)
    if video is None:
        raise _video_not_found(video_id)
    return video


def find_delivered_video(services: Services, video_id: str) -> Video:
    """Return a video of the caller's, or a public one of any owner. Raises `Problem`.

    Raises `Unauthenticated` to a caller without a credential, the same for a private video, an
    unknown one and any other text.
    """
    if services.caller != PUBLIC_CALLER:
        check_id(video_id)
    video = services.catalog.get_delivered(video_id) if is_video_id(video_id) else None
    if video:
        return video
    if services.caller == PUBLIC_CALLER:
        raise missing_credential()
    raise _video_not_found(video_id)


def find_source(services: Services, video_id: str) -> tuple[Video, Media]:
    """Return a video whose file can be delivered, with its metadata.

    Raises `Problem` with the reason why there is none, or `Unauthenticated`.
    """
    video = find_delivered_video(services, video_id)
    if video.has_result and video.media:
        return video, video.media
    if video.status is Status.FAILED and video.error:
        raise Problem(problems.VIDEO_FAILED, f"Video {video.id} failed: {video.error.message}")
    arrived = "" if video.source else " and its file has not arrived"
    raise Problem(
        problems.SOURCE_NOT_READY,
        f"Video {video.id} is still {video.status}{arrived}. Try again when its status is done.",
    )


def thumbnail_of(video: Video) -> Thumbnail:
    """Return the video's thumbnail, or raise `Problem` with the reason why it has none."""
    if video.has_result and video.thumbnail:
        return video.thumbnail
    if video.status is Status.FAILED and video.error:
        reason = f"failed: {video.error.message}"
    else:
        reason = f"is still {video.status}. Try again when its status is done."
    raise Problem(problems.THUMBNAIL_NOT_FOUND, f"Video {video.id} {reason}")


def read_thumbnail(services: Services, thumbnail: Thumbnail) -> StoredPicture:
    """Return the JPEG of a record that was read just now. Raises `Problem`."""
    try:
        return services.storage.read_picture(thumbnail.key)
    except ObjectGone as error:
        # A newer upload has replaced it since the record was read.
        raise Problem(
            problems.THUMBNAIL_NOT_FOUND, "The thumbnail is being replaced. Try again."
        ) from error


def _video_not_found(video_id: str) -> Problem:
    return Problem(problems.VIDEO_NOT_FOUND, f"There is no video {video_id}. Check the id.")
