"""The announcement of a video: its record, its upload window and its visibility."""

from dataclasses import replace
from datetime import datetime, timedelta

from functions.core.keys import source_key
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.parts import part_size
from functions.core.video import ExpectedUpload, Status, Video, Visibility

UPLOAD_WINDOW = timedelta(minutes=15)
"""The validity of a signed upload request, and the time that Clipo waits for the upload."""

UPLOAD_GRACE = timedelta(minutes=15)
"""The time after the upload window in which the event of a pending video may still arrive."""


def announce(
    video_id: str,
    *,
    filename: str,
    content_type: str,
    size: int,
    passthrough: str | None,
    owner: str | None,
    visibility: Visibility,
    max_duration_s: int | None = None,
    traceparent: str | None = None,
    now: datetime,
) -> Video:
    """Return the record of a new video, which waits for its upload."""
    return Video(
        id=video_id,
        filename=filename,
        content_type=content_type,
        declared_size=size,
        owner=owner,
        visibility=visibility,
        passthrough=passthrough,
        max_duration_s=max_duration_s,
        traceparent=traceparent,
        status=Status.PENDING,
        created_at=now,
        updated_at=now,
        upload=ExpectedUpload(
            key=source_key(video_id), expires_at=now + UPLOAD_WINDOW, part_size=part_size(size)
        ),
        version=1,
        claimable_at=now,
    )


def extend_upload(video: Video, *, now: datetime) -> Move:
    """Restart the upload window.

    The same record comes back while more than half of its window is left, so that a client that
    signs many parts at once does not compete with itself. The window and `UPLOAD_GRACE` together
    outlast every signature. A reprocessed video has its file, which no upload may replace.
    """
    if video.status is not Status.PENDING or video.has_result:
        return Refusal.NOT_PENDING
    if video.upload.expires_at - now > UPLOAD_WINDOW / 2:
        return video
    return replace(video, upload=replace(video.upload, expires_at=now + UPLOAD_WINDOW))


def may_discard(video: Video) -> bool:
    """Tell whether a video still waits for its first event: its record can then be removed."""
    return video.awaits_upload


def set_visibility(video: Video, visibility: Visibility) -> Video:
    """Make a video public or private, whatever its status.

    `updated_at` stays, because upkeep and webhooks take it for the time of the last step of the
    upload or of processing.
    """
    return replace(video, visibility=visibility)
