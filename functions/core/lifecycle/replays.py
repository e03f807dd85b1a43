"""Events that Clipo sends by itself: for a stuck video, a retry or a reprocess."""

from dataclasses import replace
from datetime import datetime

from functions.core.video import Source, UploadedObject, Video

MAX_REPLAYS_AWAITED = 100
"""The number of events of upkeep, and of retries of many videos, that may await a worker at a time.
While processing is throttled, all events wait, and these add no more than that (ADR 38, ADR 58)."""


def found_upload(video: Video, found: Source) -> UploadedObject:
    """Return an event for a stored object whose own event was lost.

    The event has the sequencer of the claimed upload. S3's event of a newer upload still precedes
    it, and one of an older upload is still refused.
    """
    sequencer = video.source.sequencer if video.source else ""
    return UploadedObject(video.id, video.upload.key, replace(found, sequencer=sequencer))


def is_replaced(video: Video, found: Source) -> bool:
    """Tell whether the stored file is not the one that the video's result was made of.

    After `MAX_REPLACEMENTS` the storage has another file. To process it would remove the result.
    """
    result_of = video.source if video.has_result else None
    return result_of is not None and result_of.etag != found.etag


def replay(video: Video, *, now: datetime) -> Video:
    """Count an event that Clipo is about to send by itself: for a stuck video, or one of many."""
    return replace(video, replays=video.replays + 1, updated_at=now)
