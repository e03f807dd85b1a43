"""Follows videos by asking the API: one to its end, some, or all that there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from clipo.client.api import Api, Video
from clipo.client.faults import once_answered, patiently

FINISHED = ("done", "failed")
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 2.0
_EVERY_S = 1.0
_NEWEST = 100


async def finished(api: Api, video_id: str, on_change: Callable[[Video], None]) -> Video:
    """Return a video when it is done or failed. `on_change` is called with each new status."""
    seen, wait_s = None, _FIRST_WAIT_S
    while True:
        video = await patiently(lambda: api.get(video_id))
        if video["status"] != seen:
            seen = video["status"]
            on_change(video)
        if seen in FINISHED:
            return video
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)


async def changes_of(api: Api, ids: Sequence[str]) -> AsyncIterator[Video]:
    """Yield each video at its first sight and at each new status, until all are finished."""
    seen: dict[str, str] = {}
    left = list(dict.fromkeys(ids))
    while left:
        for video_id in list(left):
            video = await (patiently if seen else once_answered)(partial(api.get, video_id))
            if seen.get(video_id) != video["status"]:
                seen[video_id] = video["status"]
                yield video
            if video["status"] in FINISHED:
                left.remove(video_id)
        if left:
            await asyncio.sleep(_EVERY_S)


async def changes(api: Api) -> AsyncIterator[Video]:
    """Yield what is unfinished now, and then each new status, for ever.

    Of the newest 100 videos. One that was there and is deleted comes with that for its status.
    """
    page = await api.page(limit=_NEWEST)
    seen = {video["id"]: video for video in page["data"]}
    for video in reversed(page["data"]):
        if video["status"] not in FINISHED:
            yield video
    while True:
        await asyncio.sleep(_EVERY_S)
        page = await patiently(lambda: api.page(limit=_NEWEST))
        now = {video["id"]: video for video in page["data"]}
        for video in reversed(page["data"]):
            before = seen.get(video["id"], {})
            if (before.get("status"), before.get("attempts")) != _state(video):
                yield video
        for gone in _deleted(seen, now, has_more=page["has_more"]):
            yield gone | {"status": "deleted"}
        seen = now


def _state(video: Video) -> tuple[str, int]:
    return video["status"], video["attempts"]


def _deleted(seen: dict[str, Video], now: dict[str, Video], *, has_more: bool) -> list[Video]:
    # Ids grow with time: what is older than all of a full page has only left the page.
    oldest = min(now, default="") if has_more else ""
    return [video for video_id, video in seen.items() if video_id not in now and video_id > oldest]
