"""The client for programs, with asyncio. `clipo.client.sync_clipo` is made from it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, TypeVar

import httpx2

from clipo.client import address, credentials, download, faults, pictures
from clipo.client.api import Api, Video
from clipo.client.deletes import delete_all
from clipo.client.faults import retry
from clipo.client.files import LocalFile, inspect, open_saved_upload
from clipo.client.http_client import http_client
from clipo.client.retries import retry_all
from clipo.client.summaries import DeleteSummary, RetrySummary
from clipo.client.upload import announce, send
from clipo.client.watch import wait_until_finished
from clipo.errors import ClipoError, Misuse

_Result = TypeVar("_Result")

Progress = Callable[[int, int], object]
"""Called with the bytes that have arrived, and with all bytes."""


class AsyncClipo:
    """A client of one Clipo.

    Its methods raise `ClipoError`: `code` is stable, and the message says what to do. A request
    that changes nothing when it is repeated is retried for about a minute after a transient fault.
    """

    def __init__(self, url: str | None = None, *, key: str | None = None) -> None:
        """Take the address of the API, and an API key or a token.

        By default they are what the command uses: CLIPO_API and CLIPO_API_KEY, the login of this
        machine, or the local stack that runs in this folder.
        """
        environ = os.environ
        api = address.check(url, "url") if url else address.choose(None, environ)
        given = credentials.given(key, "key") if key else credentials.choose(api, environ)
        limits = httpx2.Limits(max_connections=None)
        http = http_client(api, timeout=faults.API_TIMEOUTS, limits=limits)
        self._api = Api(api, http, credential=given)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._api.http.aclose()

    async def upload(
        self,
        file: str | os.PathLike[str] | BinaryIO,
        *,
        filename: str | None = None,
        owner: str | None = None,
        passthrough: str | None = None,
        visibility: Literal["private", "public"] | None = None,
        on_progress: Progress | None = None,
    ) -> Video:
        """Upload a file and return its video, which Clipo then processes.

        After an interruption the same call with the same path continues the upload. An open file
        is copied to a temporary one, so that parts of it can be sent again; it needs a `filename`
        unless it has a name.
        """
        fields = _given(
            filename=filename, owner=owner, passthrough=passthrough, visibility=visibility
        )
        if isinstance(file, str | os.PathLike):
            return await self._upload(Path(file), fields, on_progress)
        fields = {"filename": filename or _name_of(file)} | fields
        with TemporaryDirectory(prefix="clipo-") as folder:
            copy = Path(folder, "video")
            await asyncio.to_thread(_copy, file, copy)
            return await self._upload(copy, fields, on_progress, saved_in=Path(folder))

    async def _upload(
        self,
        path: Path,
        fields: Mapping[str, str],
        on_progress: Progress | None,
        saved_in: Path | None = None,
    ) -> Video:
        file = _inspect(path, fields.get("filename") if saved_in else None)
        progress = _Progress(file.size, on_progress)
        with open_saved_upload(self._api.address, file, saved_in, fields=fields) as saved:
            video = await announce(self._api, file, saved, fields)
            await send(self._api, video, file, saved, progress)
        return {name: value for name, value in video.items() if name != "upload"}

    async def get(self, video_id: str) -> Video:
        """Return a video."""
        return await _repeatable(partial(self._api.get, video_id))

    async def list(
        self,
        *,
        status: str | None = None,
        owner: str | None = None,
        search: str | None = None,
        created_after: str | None = None,
    ) -> AsyncIterator[Video]:
        """Yield videos, newest first; those that a `search` finds are sorted by name."""
        filters = {"status": status, "owner": owner, "search": search}
        async for video in self._api.each(created_after=created_after, **filters):
            yield video

    async def wait(self, video_id: str, *, timeout_s: float | None = None) -> Video:
        """Return a video when it is `done` or `failed`. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            return await wait_until_finished(self._api, video_id, lambda _: None)

    async def retry(self, video_id: str) -> Video:
        """Process a failed video again."""
        return await self._api.retry(video_id)

    async def retry_many(
        self,
        *,
        codes: Sequence[str] | None = None,
        owner: str | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
    ) -> RetrySummary:
        """Process all failed videos of a selection again, no faster than workers take them.

        Without `codes` these are the videos that may succeed now.
        """
        conditions = {
            "codes": codes and [*codes],
            "owner": owner,
            "created_after": created_after,
            "created_before": created_before,
        }
        report = RetrySummary(retried=[], refused=[])
        async for found in retry_all(self._api, conditions, lambda: None):
            report["retried"] += found["retried"]
            report["refused"] += found["refused"]
        return report

    async def reprocess(self, video_id: str) -> Video:
        """Process a done video again."""
        return await self._api.reprocess(video_id)

    async def set_visibility(
        self, video_id: str, visibility: Literal["private", "public"]
    ) -> Video:
        """Make a video public or private."""
        return await self._api.set_visibility(video_id, visibility)

    async def delete(self, video_id: str, *, purge: bool = False) -> None:
        """Delete a video; with `purge` its file cannot be restored."""
        await _repeatable(partial(self._api.delete, video_id, purge=purge))

    async def delete_many(
        self,
        *,
        statuses: Sequence[str] | None = None,
        codes: Sequence[str] | None = None,
        owner: str | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
        dry_run: bool = False,
        purge: bool = False,
    ) -> DeleteSummary:
        """Delete all videos of a selection, until none remains or the storage fails.

        With `dry_run` they are only counted, and the first ones named; with `purge` their files
        cannot be restored.
        """
        conditions = {
            "statuses": statuses and [*statuses],
            "codes": codes and [*codes],
            "owner": owner,
            "created_after": created_after,
            "created_before": created_before,
            "dry_run": dry_run,
            "purge": purge,
        }
        calls = [call async for call in delete_all(self._api, conditions)]
        return DeleteSummary(
            found=calls[0]["found"],
            first=calls[0].get("first", []),
            deleted=[deleted for call in calls for deleted in call["deleted"]],
            left=[left for call in calls for left in call["left"]],
            remaining=calls[-1]["remaining"],
        )

    async def download(
        self,
        video_id: str,
        to: str | os.PathLike[str] = ".",
        *,
        replace: bool = False,
        on_progress: Progress | None = None,
    ) -> Path:
        """Save a video's file, and return its path. `to` is a file, or an existing folder.

        In a folder the file gets the name that it was uploaded with. An existing file stays, and
        the call fails, unless `replace` is set. After an interruption the same call continues the
        download.
        """
        target = Path(to)
        if await asyncio.to_thread(target.is_dir):
            target /= download.safe_name(await self.get(video_id))
        if not replace and await asyncio.to_thread(os.path.lexists, target):
            raise ClipoError(f"{target} exists: set replace=True, or name another file as `to`.")
        stored = await download.find(self._api, video_id)
        progress = _Progress(stored.size, on_progress)
        with download.open_unfinished(target, stored) as part:
            start = part.tell()
            progress.resume(start)
            await download.fetch(self._api, video_id, stored, part.write, progress, start=start)
        return target

    async def thumbnail(self, video_id: str) -> bytes:
        """Return a video's thumbnail, a JPEG."""
        return await _repeatable(partial(self._api.thumbnail, video_id))

    async def image(
        self,
        video_id: str,
        *,
        at: float | str | None = None,
        width: int | None = None,
        height: int | None = None,
        fit: Literal["contain", "cover"] | None = None,
        format: Literal["jpg", "webp"] = "jpg",  # noqa: A002 (the word that says it)
    ) -> bytes:
        """Return the picture of a moment: seconds such as 12.5, or a share such as `10%`."""
        moment = None if at is None else str(at)
        query = {"t": moment, "w": width, "h": height, "fit": fit}
        return await self._picture(video_id, f"image.{format}", **query)

    async def storyboard(
        self,
        video_id: str,
        *,
        format: Literal["jpg", "webp", "vtt", "json"] = "jpg",  # noqa: A002 (the word that says it)
    ) -> bytes:
        """Return the storyboard: a sheet of pictures, or its description as WebVTT or JSON."""
        return await self._picture(video_id, f"storyboard.{format}")

    async def _picture(self, video_id: str, name: str, **query: str | int | None) -> bytes:
        return await pictures.fetch(self._api, video_id, name, lambda: None, **query)

    async def create_token(
        self,
        owner: str,
        scopes: Sequence[str],
        *,
        expires_in_s: int = 3600,
        video_id: str | None = None,
        max_bytes: int | None = None,
        max_duration_s: int | None = None,
        max_videos: int | None = None,
    ) -> str:
        """Return a token for one owner, which the API key in use signs."""
        created = await self._api.create_token(
            owner=owner,
            scopes=[*scopes],
            expires_in_s=expires_in_s,
            video_id=video_id,
            max_bytes=max_bytes,
            max_duration_s=max_duration_s,
            max_videos=max_videos,
        )
        return str(created["token"])

    async def me(self) -> dict[str, Any]:
        """Return what the credential is and may do."""
        return await _repeatable(self._api.me)


class _Progress:
    """Adds up the bytes of one file."""

    def __init__(self, size: int, on_progress: Progress | None) -> None:
        self._size = size
        self._arrived = 0
        self._on_progress = on_progress

    def advance(self, count: int) -> None:
        self._arrived += count
        if self._on_progress:
            self._on_progress(self._arrived, self._size)

    def resume(self, arrived: int) -> None:
        self.advance(arrived)

    def show_retry(self) -> None:
        """Show nothing: the bytes say it."""

    def show_status(self, status: str) -> None:
        """Show nothing: `wait` returns the status."""


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _inspect(path: Path, name: str | None) -> LocalFile:
    """Return the file at a path. Raises `ClipoError` with the path, or the name if there is one."""
    try:
        return inspect(path)
    except ClipoError as error:
        raise ClipoError(f"{name or path}: {error}") from error


def _copy(file: BinaryIO, to: Path) -> None:
    with to.open("wb") as opened:
        shutil.copyfileobj(file, opened)


def _name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    if not isinstance(name, str):
        raise Misuse("The open file has no name: give filename.")
    return Path(name).name


async def _repeatable(attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """Return what a request returns that may be repeated. A refused connection is final."""
    return await retry(attempt, if_refused=False)
