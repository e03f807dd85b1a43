import asyncio
import re

import httpx2
import pytest

from clipo.cli.commands import retry
from clipo.cli.terminal import Terminal
from clipo.client.api import Api


def failed(number: int) -> dict[str, object]:
    error = {"code": "timed_out", "retryable": number != 2}
    return {"id": f"{number:024}", "filename": f"{number}.mp4", "error": error}


class FailedVideos:
    """An API with three failed videos in two pages, one of which a retry cannot help."""

    def __init__(self) -> None:
        self.retried: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if found := re.fullmatch(r"/videos/(\d+)/retry", request.url.path):
            self.retried.append(found[1])
            return httpx2.Response(202, json=failed(int(found[1])))
        assert request.url.params["status"] == "failed"
        if "cursor" in request.url.params:
            return httpx2.Response(
                200, json={"data": [failed(1)], "has_more": False, "next_cursor": None}
            )
        page = {"data": [failed(3), failed(2)], "has_more": True, "next_cursor": "next"}
        return httpx2.Response(200, json=page)


def test_all_failed_videos_are_retried_that_may_succeed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    videos = FailedVideos()

    async def run() -> int:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(videos)) as http:
            return await retry._retry(Api("http://127.0.0.1:8000", http), Terminal(), None)

    assert asyncio.run(run()) == 0
    assert videos.retried == [f"{3:024}", f"{1:024}"]
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == f"retried  {3:024}  3.mp4"
    assert "Left out, because a retry would fail again: 1\n" in said.err
