"""Downloads the file of a video from storage, and resumes an interrupted download."""

import fcntl
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from clipo.client import storage
from clipo.client.api import Api, Video
from clipo.client.faults import retry
from clipo.client.storage import StoredFile
from clipo.client.upload import ProgressRow
from clipo.errors import ClipoError

_LONGEST_NAME = 180
"""Length limit of a filename in bytes: file systems take 255, and the unfinished file adds some."""

_LONGEST_ID = 24
"""Number of characters of a video's id."""


def safe_name(video: Video) -> str:
    """Return the name for a video's file: the one that it was uploaded with, if that is harmless.

    The uploader chose that name. It could lead to another folder, hide the file, look like an
    option or affect the terminal. A name without a stem gets the video's id, which comes from a
    server, so that only its letters and digits are used.
    """
    name = re.split(r"[/\\]", str(video["filename"]))[-1]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C" or c == "\u200d")
    stem, dot, extension = name.lstrip(" .-").rstrip(" .").rpartition(".")
    room = max(0, _LONGEST_NAME - len((dot + extension).encode()))
    stem = stem.encode()[:room].decode(errors="ignore")
    if stem:
        return f"{stem}{dot}{extension}"
    video_id = re.sub(r"[^0-9A-Za-z]", "", str(video["id"]))[:_LONGEST_ID]
    extension = re.sub(r"[^0-9A-Za-z]", "", extension)[:_LONGEST_ID]
    return f"{video_id or 'clipo'}.{extension or 'video'}"


async def find(api: Api, video_id: str) -> StoredFile:
    """Return the size and the ETag of a video's file."""

    async def attempt() -> StoredFile:
        return await storage.find(api.http, await api.source(video_id))

    return await retry(attempt)


async def fetch(
    api: Api,
    video_id: str,
    stored: StoredFile,
    write: Callable[[bytes], object],
    row: ProgressRow,
    *,
    start: int = 0,
) -> None:
    """Write a file from the byte `start`. After a fault it continues with a fresh address."""
    position = start

    async def attempt() -> None:
        nonlocal position
        url = await api.source(video_id)
        async for chunk in storage.read(api.http, url, stored, start=position):
            write(chunk)
            position += len(chunk)
            row.advance(len(chunk))

    while position < stored.size:
        before = position
        await retry(attempt, row.show_retry)
        if position == before:
            raise ClipoError("Storage sent nothing of the file. Run the command again.")


@contextmanager
def open_unfinished(file: Path, stored: StoredFile) -> Iterator[IO[bytes]]:
    """Yield the unfinished download of a file, at its end; afterwards it gets the file's name.

    It stays if the download is interrupted. Its name has the ETag: another content is another file.
    """
    part = file.with_name(f"{file.name}.{re.sub(r'[^0-9A-Za-z-]', '', stored.etag)[:40]}.part")
    try:
        with part.open("ab") as opened:
            _lock(opened)
            if opened.tell() > stored.size:
                opened.truncate(0)
            yield opened
        part.replace(file)
    except OSError as error:
        raise ClipoError(f"{file} cannot be written: {error.strerror or error}.") from error


def _lock(opened: IO[bytes]) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ClipoError(
            "Another `clipo` is downloading this file. Wait until it ends, or stop it."
        ) from error
