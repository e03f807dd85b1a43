"""The event of a video's result, which webhooks deliver."""

import json
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.core.clock import rfc3339
from functions.core.formats import media_type_of
from functions.core.media import Media
from functions.core.picture_addresses import picture_addresses, thumbnail_address
from functions.core.playback import playback_of
from functions.core.video import Status, Video


class EventType(StrEnum):
    """The events for which receivers get webhooks."""

    DONE = "video.done"
    FAILED = "video.failed"


TEST_EVENT = "webhook.test"
"""The type of an event that only tests a receiver."""


def payload(event: dict[str, Any]) -> str:
    """Return an event as the body of a webhook: the text that the signature covers."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def result_event(video: Video, *, api_url: str) -> dict[str, Any]:
    """Return the event of a finished video, which stays the same unless the visibility changes.

    `timestamp` is the time of the result. `data` is a part of `GET /videos/{id}`. Its addresses are
    those of the API, which never expire.
    """
    return {
        "type": event_type(video),
        "timestamp": rfc3339(video.updated_at),
        "data": _data(video, f"{api_url}/videos/{video.id}"),
    }


def receiver_test_event(receiver_id: str, *, now: datetime) -> dict[str, Any]:
    """Return an event that tests a receiver."""
    return {"type": TEST_EVENT, "timestamp": rfc3339(now), "data": {"receiver": receiver_id}}


def event_type(video: Video) -> str:
    """Return the type of a finished video's event."""
    return f"video.{video.status}"


def _data(video: Video, address: str) -> dict[str, Any]:
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
        "source": _source(video.media, address) if done and video.media else None,
        "media": _media(video.media) if done and video.media else None,
        "warnings": video.media.warnings if done and video.media else [],
        "thumbnail": _thumbnail(video, address) if done else None,
        "pictures": _pictures(video, address) if done else None,
        "error": asdict(video.error) if not done and video.error else None,
    }


def _source(media: Media, address: str) -> dict[str, str]:
    return {"url": f"{address}/source", "content_type": media_type_of(media.container)}


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


def _pictures(video: Video, address: str) -> dict[str, Any] | None:
    addresses = picture_addresses(video, address)
    return asdict(addresses) if addresses else None


def _thumbnail(video: Video, address: str) -> dict[str, Any] | None:
    if video.thumbnail is None:
        return None
    thumbnail = video.thumbnail
    return {
        "url": thumbnail_address(video, address),
        "width": thumbnail.width,
        "height": thumbnail.height,
        "at_s": thumbnail.at_s,
        "fallback": thumbnail.shown_fallback,
        "placeholder": thumbnail.placeholder,
    }
