"""The body of a finished video's webhook."""

import json
from dataclasses import asdict
from typing import Any

from functions.core.clock import rfc3339
from functions.core.playback import playback_of
from functions.core.video import Media, Status, Video


def payload(video: Video) -> str:
    """Return the webhook's body, the same for every attempt unless the visibility has changed.

    `timestamp` is the time of the result. `data` is a part of `GET /videos/{id}`, without signed
    URLs.
    """
    body = {
        "type": event_type(video),
        "timestamp": rfc3339(video.updated_at),
        "data": _data(video),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def event_type(video: Video) -> str:
    """Return the event's name, `video.done` or `video.failed`."""
    return f"video.{video.status}"


def _data(video: Video) -> dict[str, Any]:
    done = video.status is Status.DONE
    return {
        "id": video.id,
        "filename": video.filename,
        "owner": video.owner,
        "visibility": video.visibility,
        "passthrough": video.passthrough,
        "status": video.status,
        "size": video.size,
        "created_at": rfc3339(video.created_at),
        "media": _media(video.media) if done and video.media else None,
        "warnings": video.media.warnings if done and video.media else [],
        "thumbnail": _picture(video) if done else None,
        "error": asdict(video.error) if not done and video.error else None,
    }


def _media(media: Media) -> dict[str, Any]:
    playback = playback_of(media)
    shown = asdict(media) | {
        "duration": media.duration,
        "playback": asdict(playback) if playback else None,
        "created_at": rfc3339(media.created_at) if media.created_at else None,
    }
    del shown["warnings"]  # they stand beside it
    del shown["location"]  # only the API shows it
    return shown


def _picture(video: Video) -> dict[str, Any] | None:
    if video.thumbnail is None:
        return None
    thumbnail = video.thumbnail
    return {
        "width": thumbnail.width,
        "height": thumbnail.height,
        "at_s": thumbnail.at_s,
        "fallback": thumbnail.shown_fallback,
        "placeholder": thumbnail.placeholder,
    }
