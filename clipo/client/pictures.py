"""Gets pictures of videos, which Clipo makes at the first request."""

import asyncio
from collections.abc import Callable

from clipo.client.api import Api
from clipo.client.faults import Problem

_PATIENCE_S = 60
"""How long to wait for a picture that is being made."""

_LONGEST_WAIT_S = 10


async def fetch(
    api: Api, video_id: str, name: str, on_wait: Callable[[], None], **query: str | int | None
) -> bytes:
    """Return a picture, or a description of the storyboard; `name` ends its address.

    If the API answers that the picture is not ready, ask again when the answer says so. `on_wait`
    is called before each wait.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE_S
    while True:
        try:
            return await api.picture(video_id, name, **query)
        except Problem as problem:
            wait_s = problem.retry_after_s
            if wait_s is None or not problem.transient or loop.time() + wait_s > end:
                raise
        on_wait()
        await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
