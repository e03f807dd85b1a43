"""The polling of videos."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from clipo.client import faults, watch
from clipo.client.api import Api, Video
from clipo.client.faults import Unreachable


@dataclass
class FlakyApi:
    """Answers with statuses, and for `None` not at all."""

    statuses: list[str | None]

    async def get(self, video_id: str) -> Video:
        status = self.statuses.pop(0)
        if status is None:
            raise Unreachable("Nothing answers.", refused=True)
        return {"id": video_id, "status": status, "attempts": 1}

    async def page(self, **_: Any) -> dict[str, Any]:
        return {"data": [await self.get("1")], "has_more": False}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_INTERVAL_S", 0)
    monkeypatch.setattr(faults, "_FIRST_WAIT_S", 0)
    monkeypatch.setattr(faults, "_LONGEST_WAIT_S", 0)


async def _until_done(videos: AsyncIterator[Video]) -> list[str]:
    seen = []
    async for video in videos:
        seen.append(video["status"])
        if seen[-1] == "done":
            break
    return seen


@pytest.mark.parametrize("newest", [False, True])
def test_each_outage_is_reported_once(*, newest: bool) -> None:
    flaky = FlakyApi(["pending", None, None, None, "processing", None, None, "done"])
    api = cast("Api", flaky)
    outages: list[int] = []

    def on_outage() -> None:
        outages.append(len(flaky.statuses))

    videos = watch.watch_newest(api, on_outage) if newest else watch.watch(api, ["1"], on_outage)
    assert asyncio.run(_until_done(videos)) == ["pending", "processing", "done"]
    assert outages == [6, 2]
