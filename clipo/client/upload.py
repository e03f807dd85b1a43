"""Uploads one file: announced once, sent straight to storage, resumed where it stopped."""

from dataclasses import replace

from clipo.client import storage
from clipo.client.api import Api, Video
from clipo.client.files import LocalFile
from clipo.client.parts import UploadInParts
from clipo.client.patience import once_answered, patiently
from clipo.client.problems import Fault, Problem, StorageRefused
from clipo.client.resume import Unfinished
from clipo.client.row import Row
from clipo.errors import ClipoError

LARGEST_FORM = 100_000_000
"""Bytes of a file that is sent in one request. Larger ones go in parts."""


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
        sent = 0

        def on_bytes(count: int) -> None:
            nonlocal sent
            sent += count
            row.sent(count)

        form, given = None, form or await api.sign(video["id"], "PUT")
        try:
            await storage.send_form(api.http, given, file.path, on_bytes)
        except BaseException:
            row.sent(-sent)
            raise

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
