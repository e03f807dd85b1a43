"""Follows videos by polling the API."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache, partial

from clipo.client.api import Api, Video
from clipo.client.faults import retry

FINISHED = ("done", "failed")
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 2.0
_INTERVAL_S = 1.0
_NEWEST = 100


async def wait_until_finished(api: Api, video_id: str, on_status: Callable[[str], None]) -> Video:
    """Return a video when it is done or failed. `on_status` is called with each new status."""
    seen, wait_s = None, _FIRST_WAIT_S
    while True:
        video = await retry(lambda: api.get(video_id))
        if video["status"] != seen:
            seen = video["status"]
            on_status(seen)
        if seen in FINISHED:
            return video
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)


async def watch(
    api: Api, ids: Sequence[str], on_outage: Callable[[], None]
) -> AsyncIterator[Video]:
    """Yield each video, and again at each new status, until all are done or failed.

    `on_outage` is called once each time that the API stops answering.
    """
    seen: dict[str, str] = {}
    unfinished = list(dict.fromkeys(ids))
    while unfinished:
        for video_id in list(unfinished):
            # `cache` keeps the further retries of an outage silent.
            video = await retry(partial(api.get, video_id), cache(on_outage), if_refused=bool(seen))
            if seen.get(video_id) != video["status"]:
                seen[video_id] = video["status"]
                yield video
            if video["status"] in FINISHED:
                unfinished.remove(video_id)
        if unfinished:
            await asyncio.sleep(_INTERVAL_S)


async def watch_newest(api: Api, on_outage: Callable[[], None]) -> AsyncIterator[Video]:
    """Yield the unfinished ones of the newest 100 videos, then each change among these, for ever.

    A change is a new video, status or attempt. A deleted video has the status `deleted`.
    `on_outage` is as in `watch`.
    """
    page = await api.page(limit=_NEWEST)
    seen = {video["id"]: video for video in page["data"]}
    for video in reversed(page["data"]):
        if video["status"] not in FINISHED:
            yield video
    while True:
        await asyncio.sleep(_INTERVAL_S)
        page = await retry(lambda: api.page(limit=_NEWEST), cache(on_outage))
        now = {video["id"]: video for video in page["data"]}
        for video in reversed(page["data"]):
            before = seen.get(video["id"], {})
            if any(before.get(name) != video[name] for name in ("status", "attempts")):
                yield video
        for gone in _deleted(seen, now, has_more=page["has_more"]):
            yield gone | {"status": "deleted"}
        seen = now


def _deleted(seen: dict[str, Video], now: dict[str, Video], *, has_more: bool) -> list[Video]:
    # Ids grow with time: a video older than all of a full page has only left the page.
    oldest = min(now, default="") if has_more else ""
    return [video for video_id, video in seen.items() if video_id not in now and video_id > oldest]
