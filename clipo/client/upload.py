"""Uploads one file: announced once, sent straight to storage, resumed where it stopped.

A large file goes in parts, a few at once, and none twice.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import httpx2

from clipo.client import storage
from clipo.client.api import Api, Video
from clipo.client.faults import Fault, Problem, StorageRefused, once_answered, patiently
from clipo.client.files import LocalFile, Unfinished
from clipo.errors import ClipoError

LARGEST_FORM = 100_000_000
"""Bytes of a file that is sent in one request. Larger ones go in parts."""

SMALLEST_PART = 8 << 20
_MOST_LISTED = 1000
"""S3 lists so many parts at once; the next ones would need a signature of their own."""
_PARTS_AT_ONCE = 4


class Row(Protocol):
    """Where one file's progress is shown."""

    def sent(self, count: int) -> None:
        """Count bytes that have been sent; fewer than 0 are to be sent again."""

    def waits(self) -> None:
        """Tell that the network or a server fails, and that it is tried again."""

    def resumes(self, arrived: int) -> None:
        """Tell that an earlier upload goes on, of which so many bytes have arrived."""

    def says(self, status: str) -> None:
        """Tell that the video's status has changed."""


async def announced(api: Api, file: LocalFile, unfinished: Unfinished) -> Video:
    """Return the video that a file is to become: the same one as an interrupted upload had.

    Raises `Fault`.
    """
    progress = unfinished.progress()
    # First of all: what is announced twice with one key is one video.
    unfinished.keep(progress)
    try:
        video = await once_answered(
            lambda: api.create(
                filename=file.name, size=file.size, idempotency_key=progress.idempotency_key
            )
        )
    except Problem as problem:
        if not problem.transient:
            unfinished.forget()
        raise
    if progress.video_id != video["id"]:
        # Another one than before, after a delete, has nothing yet.
        unfinished.keep(replace(progress, video_id=video["id"], upload_id=None))
    return video


async def send(api: Api, video: Video, file: LocalFile, unfinished: Unfinished, row: Row) -> None:
    """Send the file of an announced video, or what is missing of it.

    Raises `ClipoError`; the same call goes on with what could not be finished.
    """
    try:
        # Without a form the file has arrived before.
        if video["upload"] and file.size <= LARGEST_FORM:
            await _send_form(api, video, file, row)
        elif video["upload"]:
            await _send_parts(api, file, unfinished, row)
    except Problem as problem:
        # An answer was lost, and the file had arrived: processing has begun.
        if problem.code != "not_pending":
            problem.goes_on = True
            raise
    except Fault as fault:
        fault.goes_on = True
        raise
    unfinished.forget()
    if not file.unchanged():
        raise ClipoError("The file has changed while it was uploaded. Upload it again.")


async def _send_form(api: Api, video: Video, file: LocalFile, row: Row) -> None:
    form = video["upload"]

    async def attempt() -> None:
        nonlocal form
        with _counting(row) as on_bytes:
            form, given = None, form or await api.sign(video["id"], "PUT")
            await storage.send_form(api.http, given, file.path, on_bytes)

    await patiently(attempt, row.waits)


async def _send_parts(api: Api, file: LocalFile, unfinished: Unfinished, row: Row) -> None:
    progress = unfinished.progress()
    video_id = str(progress.video_id)
    arrived: list[storage.Part] | None = None
    if progress.upload_id:
        begun = UploadInParts(api, video_id, progress.upload_id, file, row)
        try:
            arrived = await begun.arrived()
        except StorageRefused as error:
            if error.code != "NoSuchUpload":
                raise
    if arrived is None:
        upload_id = await patiently(lambda: _begin(api, video_id), row.waits)
        unfinished.keep(replace(progress, upload_id=upload_id))
        begun = UploadInParts(api, video_id, upload_id, file, row)
    else:
        row.resumes(sum(part.size for part in arrived))
    await begun.run(arrived or [])


async def _begin(api: Api, video_id: str) -> str:
    return await storage.begin(api.http, await api.sign(video_id, "POST"))


@dataclass(frozen=True, slots=True)
class Slice:
    """A part that is to be sent."""

    number: int
    """From 1."""
    start: int
    size: int


def slices(size: int) -> Iterator[Slice]:
    """Cut a file of `size` bytes into parts of 8 MiB or more, at most 1,000."""
    each = max(SMALLEST_PART, -(-size // _MOST_LISTED))
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
        self._free = asyncio.Semaphore(_PARTS_AT_ONCE)

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
        with _counting(self._row) as on_bytes:
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


@contextmanager
def _counting(row: Row) -> Iterator[Callable[[int], None]]:
    """Yield what counts the bytes of an attempt. Where it fails they are to be sent again."""
    sent = 0

    def on_bytes(count: int) -> None:
        nonlocal sent
        sent += count
        row.sent(count)

    try:
        yield on_bytes
    except BaseException:
        row.sent(-sent)
        raise
