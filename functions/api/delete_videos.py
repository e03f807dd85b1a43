"""Deletes the videos of a selection, some with each call (ADR 64)."""

from dataclasses import dataclass, field

from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.delete_video import delete_video
from functions.api.many_videos import LeftVideo, Progress, act_on_many
from functions.api.services import Services
from functions.core.listing import Selection
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Video

MOST = 100
"""The most videos that one call deletes."""

CHANGED = "changed"
"""The code of a video that has changed after the call had selected it."""


@dataclass(slots=True)
class ManyDeletes:
    """The work of one call."""

    deleted: list[str] = field(default_factory=list)
    left: list[LeftVideo] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)


def delete_videos(
    services: Services,
    selection: Selection,
    *,
    owner: str | None,
    after: str | None,
    limit: int,
    purge: bool,
) -> ManyDeletes:
    """Delete the videos after a position, newest first, until the storage fails.

    A limit of 0 only counts them. Raises `CatalogUnavailable`.
    """
    report = ManyDeletes()

    def delete(video: Video) -> bool:
        try:
            deleted = delete_video(services, video.id, purge=purge, seen=video)
        except StorageUnavailable:
            logger().error(problems.STORAGE_UNAVAILABLE.code, video_id=video.id, exc_info=True)
            report.left.append(_with_files(video))
            return False
        if deleted:
            report.deleted.append(video.id)
        elif services.catalog.get(video.id):
            report.left.append(_changed(video))
        # Otherwise another call has deleted it meanwhile.
        return True

    report.progress = act_on_many(
        services, selection, owner=owner, after=after, limit=limit, act=delete
    )
    return report


def _with_files(video: Video) -> LeftVideo:
    return LeftVideo(
        video.id,
        problems.STORAGE_UNAVAILABLE.code,
        f"The record of video {video.id} is deleted, but the object storage does not answer, so"
        f" files may be left. To remove them now, repeat DELETE /videos/{video.id}.",
    )


def _changed(video: Video) -> LeftVideo:
    return LeftVideo(
        video.id,
        CHANGED,
        f"Video {video.id} has changed since this call selected it, so it is not deleted. To delete"
        " it if the conditions still select it, start again without cursor.",
    )
