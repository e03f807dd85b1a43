"""The client for programs, with an API and a storage in this process."""

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
import pytest

from clipo.client.api import Api
from clipo.client.async_clipo import AsyncClipo
from clipo.errors import ClipoError

ID = "6b03911acf2b20c6f6841702"
CONTENT = b"a video"


def respond(request: httpx2.Request) -> httpx2.Response:
    if request.url.path == f"/videos/{ID}":
        return httpx2.Response(200, json={"id": ID, "filename": "notes.mp4"})
    if request.url.path == f"/videos/{ID}/source":
        return httpx2.Response(200, json={"url": "http://storage/file"})
    first = int(request.headers["range"].removeprefix("bytes=").partition("-")[0])
    headers = {"Content-Range": f"bytes {first}-x/{len(CONTENT)}", "ETag": '"a"'}
    return httpx2.Response(206, headers=headers, stream=httpx2.ByteStream(CONTENT[first:]))


def downloaded(to: Path, *, replace: bool = False) -> Path:
    async def download() -> Path:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
            client = AsyncClipo("http://api")
            client._api = Api("http://api", http)
            return await client.download(ID, to, replace=replace)

    return asyncio.run(download())


@pytest.mark.parametrize("name", ["", "notes.mp4"])
def test_a_download_keeps_an_existing_file(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "notes.mp4"
    mine.write_text("mine")
    with pytest.raises(ClipoError, match=r"notes.mp4 exists: set replace=True, or name another"):
        downloaded(tmp_path / name)
    assert mine.read_text() == "mine"


def test_a_download_replaces_an_existing_file_on_demand(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("mine")
    assert downloaded(tmp_path, replace=True).read_bytes() == CONTENT


def test_a_download_into_a_folder_has_the_name_of_the_upload(tmp_path: Path) -> None:
    assert downloaded(tmp_path) == tmp_path / "notes.mp4"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("clips/gone.mp4", "clips/gone.mp4: There is no such file. Check its name."),
        (io.BytesIO(), "nothing.mp4: The file is empty. Choose another one."),
    ],
)
def test_the_error_of_a_file_names_it(file: str | BinaryIO, said: str) -> None:
    async def upload() -> None:
        async with AsyncClipo("http://api") as clipo:
            await clipo.upload(file, filename="nothing.mp4")

    with pytest.raises(ClipoError) as refused:
        asyncio.run(upload())
    assert str(refused.value) == said


class ManyVideos:
    """An API that answers each call about many videos with the next report."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._reports: Iterator[dict[str, Any]] = iter(reports)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(json.loads(request.content))
        report = {"remaining": 0, "next_cursor": None} | next(self._reports)
        status = report.pop("http", 200)
        return httpx2.Response(status, json=report, headers={"Retry-After": "0"})

    def client(self) -> AsyncClipo:
        client = AsyncClipo("http://api")
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        client._api = Api("http://api", http)
        return client


def test_many_retries_are_made_in_several_calls_and_reported_together() -> None:
    gone = {"id": "2", "code": "source_gone", "message": "Gone."}
    api = ManyVideos(
        {"retried": ["1"], "refused": [gone], "remaining": 1, "next_cursor": "next"},
        {"http": 429, "code": "too_many_retries", "detail": "100 wait."},
        {"retried": ["3"], "refused": []},
    )
    report = asyncio.run(api.client().retry_many(codes=("timed_out",), owner="anna"))
    assert report == {"retried": ["1", "3"], "refused": [gone]}
    conditions = {"codes": ["timed_out"], "owner": "anna"}
    assert api.bodies == [conditions, *[conditions | {"cursor": "next"}] * 2]


class TestManyDeletes:
    def test_are_made_in_several_calls_and_reported_together(self) -> None:
        changed = {"id": "2", "code": "changed", "message": "Changed."}
        api = ManyVideos(
            {"found": 3, "deleted": ["1"], "left": [changed], "remaining": 1, "next_cursor": "c"},
            {"found": 1, "deleted": ["3"], "left": []},
        )
        report = asyncio.run(api.client().delete_many(statuses=["failed"], purge=True))
        done = {"deleted": ["1", "3"], "left": [changed]}
        assert report == {"found": 3, "first": [], "remaining": 0} | done
        conditions = {"statuses": ["failed"], "dry_run": False, "purge": True}
        assert api.bodies == [conditions, conditions | {"cursor": "c"}]

    def test_end_when_the_storage_fails(self) -> None:
        left = {"id": "1", "code": "storage_unavailable", "message": "Files may be left."}
        api = ManyVideos(
            {"found": 9, "deleted": [], "left": [left], "remaining": 8, "next_cursor": "c"}
        )
        report = asyncio.run(api.client().delete_many(owner="anna"))
        assert report == {"found": 9, "first": [], "deleted": [], "left": [left], "remaining": 8}

    def test_of_a_dry_run_name_the_first_videos(self) -> None:
        first = [{"id": "1", "filename": "a.mp4", "status": "done", "created_at": "2026-01-02"}]
        api = ManyVideos({"found": 1, "first": first, "deleted": [], "left": []})
        report = asyncio.run(api.client().delete_many(owner="anna", dry_run=True))
        assert report["first"] == first

    def test_of_an_empty_condition_are_left_to_the_api_to_refuse(self) -> None:
        """Else an empty list would delete more than its caller means."""
        api = ManyVideos({"found": 0, "deleted": [], "left": []})
        asyncio.run(api.client().delete_many(statuses=[], owner="anna"))
        assert api.bodies[0]["statuses"] == []
