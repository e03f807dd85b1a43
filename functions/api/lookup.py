"""Finds the video that a path names."""

from functions.adapters.mongo import is_video_id
from functions.api import problems
from functions.api.problems import Problem
from functions.api.services import Services
from functions.core.video import (
    Status,
    Thumbnail,
    Video,
)


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
        raise Problem(
            problems.VIDEO_NOT_FOUND,
            f"There is no video {video_id}. Check the id.",
        )
    return video


def find_thumbnail(services: Services, video_id: str) -> Thumbnail:
    """Return the video's thumbnail, or raise `Problem` with the reason why it has none."""
    video = find_video(services, video_id)
    if video.has_result and video.thumbnail:
        return video.thumbnail
    if video.status is Status.FAILED and video.error:
        reason = f"failed: {video.error.message}"
    else:
        reason = f"is still {video.status}. Try again when its status is done."
    raise Problem(problems.THUMBNAIL_NOT_FOUND, f"Video {video_id} {reason}")
