"""The client for programs, with an API and a storage in this process."""

import asyncio
import io
from pathlib import Path
from typing import BinaryIO

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
