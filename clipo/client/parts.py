"""Uploads a large file in parts, a few at once, and none twice."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from clipo.client import storage
from clipo.client.api import Api
from clipo.client.files import LocalFile
from clipo.client.patience import patiently
from clipo.client.problems import StorageRefused
from clipo.client.row import Row

SMALLEST = 8 << 20
_MOST_LISTED = 1000
"""S3 lists so many parts at once; the next ones would need a signature of their own."""
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """A part that is to be sent."""

    number: int
    """From 1."""
    start: int
    size: int


def slices(size: int) -> Iterator[Slice]:
    """Cut a file of `size` bytes into parts of 8 MiB or more, at most 1,000."""
    each = max(SMALLEST, -(-size // _MOST_LISTED))
    for number, start in enumerate(range(0, size, each), 1):
        yield Slice(number, start, min(each, size - start))


class UploadInParts:
    """One upload in parts, which has begun."""

    def __init__(self, api: Api, video_id: str, upload_id: str, file: LocalFile, row: Row) -> None:
        """Take what it is of, and where to tell how far it is."""
        self._api = api
        self._video_id = video_id
        self._upload_id = upload_id
        self._file = file
        self._row = row
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def run(self, arrived: list[storage.Part]) -> None:
        """Send what has not arrived, and put all of it together."""
        have = {(part.number, part.size): part.etag for part in arrived}
        etags: dict[int, str] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for piece in slices(self._file.size):
                    etag = have.get((piece.number, piece.size))
                    if etag is None:
                        group.create_task(self._send(piece, etags))
                    else:
                        etags[piece.number] = etag
        except ExceptionGroup as failed:
            # The other parts were given up for the first that could not be sent.
            raise failed.exceptions[0] from failed
        await self._complete(etags)

    async def arrived(self) -> list[storage.Part]:
        """Return the parts that have arrived."""

        async def attempt() -> list[storage.Part]:
            signed = await self._api.sign(self._video_id, "GET", uploadId=self._upload_id)
            return await storage.list_parts(self._http, signed)

        return await patiently(attempt, self._row.waits)

    async def _send(self, piece: Slice, etags: dict[int, str]) -> None:
        async with self._free:
            etags[piece.number] = await patiently(lambda: self._attempt(piece), self._row.waits)

    async def _attempt(self, piece: Slice) -> str:
        sent = 0

        def on_bytes(count: int) -> None:
            nonlocal sent
            sent += count
            self._row.sent(count)

        try:
            # Signed now: a signature that waited for its turn would have expired.
            signed = await self._api.sign(
                self._video_id, "PUT", uploadId=self._upload_id, partNumber=piece.number
            )
            return await storage.send_part(
                self._http,
                signed,
                self._file.path,
                start=piece.start,
                size=piece.size,
                on_bytes=on_bytes,
            )
        except BaseException:
            self._row.sent(-sent)
            raise

    async def _complete(self, etags: dict[int, str]) -> None:
        tries = 0

        async def attempt() -> None:
            nonlocal tries
            tries += 1
            signed = await self._api.sign(self._video_id, "POST", uploadId=self._upload_id)
            try:
                await storage.complete(self._http, signed, etags)
            except StorageRefused as error:
                # An answer was lost on its way, and the first request had been carried out.
                if not (tries > 1 and error.code == "NoSuchUpload"):
                    raise

        await patiently(attempt, self._row.waits)

    @property
    def _http(self) -> httpx2.AsyncClient:
        return self._api.http
