"""Uploads one file: announces a video, sends the file straight to storage, resumes it if it can.

A small file goes in one request, a form; a large one goes in parts, a few at once.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import httpx2

from clipo.client import storage
from clipo.client.api import Api, Video
from clipo.client.faults import Fault, Problem, StorageRefused, retry
from clipo.client.files import LocalFile, SavedUpload
from clipo.errors import ClipoError

MAX_FORM_BYTES = 100_000_000
"""Size of the largest file that is sent in one request."""

_PARTS_AT_ONCE = 4


class ProgressRow(Protocol):
    """Shows the progress of one file."""

    def advance(self, count: int) -> None:
        """Count bytes as sent; a negative number takes those of a failed attempt back."""

    def show_retry(self) -> None:
        """Show that a request failed and is retried."""

    def resume(self, arrived: int) -> None:
        """Show that an earlier upload continues, of which `arrived` bytes have arrived."""

    def show_status(self, status: str) -> None:
        """Show the new status of the video."""


NewRow = Callable[[str, int], ProgressRow]
"""Makes the row that shows a file's progress, from its label and its size."""


async def announce(
    api: Api, file: LocalFile, saved: SavedUpload, fields: Mapping[str, str] | None = None
) -> Video:
    """Announce a file; return its video, which is that of the upload it resumes, if any.

    `fields` are those of `Api.announce`, and `filename` if it is another. Raises `Fault`.
    """
    state = saved.load()
    # Saved before the request: if its response is lost, the next try sends the same key.
    saved.save(state)
    try:
        video = await retry(
            lambda: api.announce(
                size=file.size,
                idempotency_key=state.idempotency_key,
                **({"filename": file.path.name} | dict(fields or {})),
            ),
            if_refused=False,
        )
    except Problem as problem:
        if not problem.transient:
            saved.delete()
        raise
    if state.video_id != video["id"]:
        # The earlier video was deleted; no part has arrived for the new one.
        saved.save(replace(state, video_id=video["id"], upload_id=None))
    return video


async def send(
    api: Api, video: Video, file: LocalFile, saved: SavedUpload, row: ProgressRow
) -> None:
    """Send the file of an announced video, or the parts of it that have not arrived.

    Raises `ClipoError`. If it is `resumable`, a second call continues the upload.
    """
    try:
        # Without `upload` the file has arrived already.
        if video["upload"] and file.size <= MAX_FORM_BYTES:
            await _send_form(api, video, file, row)
        elif video["upload"]:
            await _send_parts(api, video, file, saved, row)
    except Fault as fault:
        # With `not_pending` the file had arrived, and only the response was lost.
        if fault.code != "not_pending":
            fault.resumable = True
            raise
    saved.delete()
    if not file.unchanged():
        raise ClipoError("The file changed during the upload. Upload it again.")


async def _send_form(api: Api, video: Video, file: LocalFile, row: ProgressRow) -> None:
    form = video["upload"]

    async def attempt() -> None:
        nonlocal form
        with _count_bytes(row) as on_bytes:
            form, given = None, form or await api.sign(video["id"], "PUT")
            await storage.send_form(api.http, given, file.path, on_bytes)

    await retry(attempt, row.show_retry)


async def _send_parts(
    api: Api, video: Video, file: LocalFile, saved: SavedUpload, row: ProgressRow
) -> None:
    state = saved.load()
    arrived: list[storage.Part] | None = None
    if state.upload_id:
        upload = MultipartUpload(api, video, state.upload_id, file, row)
        try:
            arrived = await upload.list_parts()
        except StorageRefused as error:
            if error.code != "NoSuchUpload":
                raise
    if arrived is None:
        upload_id = await retry(lambda: _begin(api, video["id"]), row.show_retry)
        saved.save(replace(state, upload_id=upload_id))
        upload = MultipartUpload(api, video, upload_id, file, row)
    else:
        row.resume(sum(part.size for part in arrived))
    await upload.run(arrived or [])


async def _begin(api: Api, video_id: str) -> str:
    return await storage.begin(api.http, await api.sign(video_id, "POST"))


@dataclass(frozen=True, slots=True)
class Slice:
    """The bytes of a file that become one part."""

    number: int
    """Number of the part, from 1."""
    start: int
    size: int


def split(size: int, part_size: int) -> Iterator[Slice]:
    """Split a file of `size` bytes into parts of `part_size` bytes; the last one has the rest."""
    for number, start in enumerate(range(0, size, part_size), 1):
        yield Slice(number, start, min(part_size, size - start))


class MultipartUpload:
    """A multipart upload that has begun."""

    def __init__(
        self, api: Api, video: Video, upload_id: str, file: LocalFile, row: ProgressRow
    ) -> None:
        """Take the announced video, the upload's id, its file, and the row of its progress."""
        self._api = api
        self._video_id = str(video["id"])
        # Release 0.1 named no size, and took parts of this one.
        self._part_size = int(video["upload"].get("part_size", 8 << 20))
        self._upload_id = upload_id
        self._file = file
        self._row = row
        self._free = asyncio.Semaphore(_PARTS_AT_ONCE)

    async def list_parts(self) -> list[storage.Part]:
        """Return the parts that have arrived."""

        async def attempt() -> list[storage.Part]:
            signed = await self._api.sign(self._video_id, "GET", uploadId=self._upload_id)
            return await storage.list_parts(self._http, signed)

        return await retry(attempt, self._row.show_retry)

    async def run(self, arrived: list[storage.Part]) -> None:
        """Send the parts that have not arrived, then have storage join all of them."""
        have = {(part.number, part.size): part.etag for part in arrived}
        etags: dict[int, str] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for piece in split(self._file.size, self._part_size):
                    etag = have.get((piece.number, piece.size))
                    if etag is None:
                        group.create_task(self._send(piece, etags))
                    else:
                        etags[piece.number] = etag
        except ExceptionGroup as failed:
            # After the first failure the group cancels the other parts.
            raise failed.exceptions[0] from failed
        await self._complete(etags)

    async def _send(self, piece: Slice, etags: dict[int, str]) -> None:
        async with self._free:
            etags[piece.number] = await retry(lambda: self._attempt(piece), self._row.show_retry)

    async def _attempt(self, piece: Slice) -> str:
        with _count_bytes(self._row) as on_bytes:
            # Signed last: a part may wait longer for its turn than a signature is valid.
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
                # After a retry this means that the first try succeeded and its response was lost.
                if not (tries > 1 and error.code == "NoSuchUpload"):
                    raise

        await retry(attempt, self._row.show_retry)

    @property
    def _http(self) -> httpx2.AsyncClient:
        return self._api.http


@contextmanager
def _count_bytes(row: ProgressRow) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts the bytes of an attempt; if it fails, take them back."""
    sent = 0

    def on_bytes(count: int) -> None:
        nonlocal sent
        sent += count
        row.advance(count)

    try:
        yield on_bytes
    except BaseException:
        row.advance(-sent)
        raise
