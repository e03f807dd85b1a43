"""The keys of all stored objects. They contain a video's id and never a filename."""

import re

from functions.core.video import Lease

_SOURCE_KEY = re.compile(r"uploads/([0-9a-f]{24})/source")
_OBJECT_KEY = re.compile(r"(?:uploads|thumbnails|images)/([0-9a-f]{24})/.+")


def source_key(video_id: str) -> str:
    """Return the key of a video's uploaded object."""
    return f"uploads/{video_id}/source"


def video_id_of(key: str) -> str | None:
    """Return the video id in a `source_key`, `None` for any other key."""
    match = _SOURCE_KEY.fullmatch(key)
    return match[1] if match else None


def video_id_of_object(key: str) -> str | None:
    """Return the id of an object's video; `None` for a key that Clipo never writes."""
    match = _OBJECT_KEY.fullmatch(key)
    return match[1] if match else None


def thumbnail_key(video_id: str, lease: Lease) -> str:
    """Return a key that only the holder of this lease writes.

    So two overlapping workers cannot overwrite each other's thumbnail (ADR 5).
    """
    return f"{thumbnail_prefix(video_id)}{lease.token}.jpg"


def thumbnail_prefix(video_id: str) -> str:
    """Return the prefix of the keys of all thumbnails that a video ever had."""
    return f"thumbnails/{video_id}/"


def picture_key(video_id: str, version: str, filename: str) -> str:
    """Return the key of a picture of one version of a video's file."""
    return f"{pictures_prefix(video_id)}{version}/{filename}"


def pictures_prefix(video_id: str) -> str:
    """Return the prefix of the keys of all pictures of a video but its thumbnails."""
    return f"images/{video_id}/"
