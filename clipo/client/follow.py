"""Follows a video until it is done or failed."""

import asyncio
from collections.abc import Callable

from clipo.client.api import Api, Video
from clipo.client.patience import patiently

FINISHED = ("done", "failed")
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 2.0


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
