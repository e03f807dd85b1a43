"""Downloads with faults on the way, and the names of the files."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from clipo.client import download, faults
from clipo.client.api import Api
from clipo.client.storage import StoredFile
from clipo.errors import ClipoError

CONTENT = bytes(range(256)) * 10
ID = "6b03911acf2b20c6f6841702"


@dataclass
class Body(httpx2.AsyncByteStream):
    """A body, which may end too early."""

    content: bytes
    torn: bool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content
        if self.torn:
            raise httpx2.ReadError("torn")


@dataclass
class Storage:
    """An API and a storage that breaks off the first answers in the middle."""

    torn: int = 0
    etag: str = '"a"'
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/source"):
            return httpx2.Response(200, json={"url": "http://storage/file"})
        assert "authorization" not in request.headers
        if request.headers.get("if-match", self.etag) != self.etag:
            return httpx2.Response(412)
        self.asked.append(request.headers["range"])
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["range"]).groups()  # type: ignore[union-attr]
        body = CONTENT[int(first) : int(last or len(CONTENT)) + 1]
        headers = {"Content-Range": f"bytes {first}-x/{len(CONTENT)}", "ETag": self.etag}
        torn = not last and self.torn > 0
        self.torn -= torn
        sent = Body(body[: len(body) // 2] if torn else body, torn)
        return httpx2.Response(206, headers=headers, stream=sent)


class Row:
    """What a progress bar is given."""

    def __init__(self) -> None:
        self.count = self.retries = 0

    def advance(self, count: int) -> None:
        self.count += count

    def show_retry(self) -> None:
        self.retries += 1

    def resume(self, arrived: int) -> None:
        raise AssertionError(arrived)

    def show_status(self, status: str) -> None:
        raise AssertionError(status)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(faults, "_LONGEST_WAIT_S", 0.001)


def fetched(
    storage: Storage, stored: StoredFile | None = None, start: int = 0
) -> tuple[bytes, Row]:
    got, row = bytearray(), Row()

    async def fetch() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(storage)) as http:
            api = Api("http://api", http)
            found = stored or await download.find(api, ID)
            await download.fetch(api, ID, found, got.extend, row, start=start)

    asyncio.run(fetch())
    return bytes(got), row


def test_a_torn_download_continues_where_it_stopped() -> None:
    storage = Storage(torn=2)
    got, row = fetched(storage)
    assert got == CONTENT
    assert (row.count, row.retries) == (len(CONTENT), 2)
    assert storage.asked == ["bytes=0-0", "bytes=0-", "bytes=1280-", "bytes=1920-"]


def test_it_begins_where_an_earlier_one_stopped() -> None:
    assert fetched(Storage(), start=2000)[0] == CONTENT[2000:]


def test_another_content_is_not_appended() -> None:
    with pytest.raises(ClipoError, match="was replaced"):
        fetched(Storage(), StoredFile(len(CONTENT), '"b"'), start=100)


def test_the_unfinished_file_stays_and_gets_its_name_at_the_end(tmp_path: Path) -> None:
    file, stored = tmp_path / "clip.mp4", StoredFile(10, '"ab/../c"')
    with suppress(KeyboardInterrupt), download.open_unfinished(file, stored) as opened:
        opened.write(b"12345")
        raise KeyboardInterrupt
    [part] = tmp_path.iterdir()
    assert part.name == "clip.mp4.abc.part"
    with download.open_unfinished(file, stored) as opened:
        assert opened.tell() == 5
        with (
            pytest.raises(ClipoError, match="Another `clipo`"),
            download.open_unfinished(file, stored),
        ):
            pass
        opened.write(b"67890")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("uploaded", "saved"),
    [
        ("clip.mp4", "clip.mp4"),
        ("Mein Film, Teil 2.mov", "Mein Film, Teil 2.mov"),
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("..\\..\\x.mp4", "x.mp4"),
        (".bashrc.mp4", "bashrc.mp4"),
        ("-rf.mp4", "rf.mp4"),
        ("a\x1b[31m\u202e.mp4", "a[31m.mp4"),
        ("...mp4", f"{ID}.mp4"),
        ("/", f"{ID}.video"),
        ("é" * 250 + ".mp4", "é" * 88 + ".mp4"),
    ],
)
def test_a_name_can_do_no_harm(uploaded: str, saved: str) -> None:
    assert download.safe_name({"id": ID, "filename": uploaded}) == saved


@pytest.mark.parametrize(
    ("claimed", "saved"),
    [("../../etc/cron.d/x", "etccrondx.mp4"), ("/tmp/\x1b[31m", "tmp31m.mp4"), ("..", "clipo.mp4")],
)
def test_neither_can_an_id_of_a_hostile_server(claimed: str, saved: str) -> None:
    assert download.safe_name({"id": claimed, "filename": "...mp4"}) == saved


def test_a_name_with_a_long_extension_is_no_longer_than_a_file_system_takes() -> None:
    for filename in ("." + "é" * 250, "a" * 999 + "." + "é" * 250):
        name = download.safe_name({"id": ID, "filename": filename})
        assert len(name.encode()) < 255
