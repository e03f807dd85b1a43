"""Uploads several files at once; a failed one does not stop the others."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clipo.client.api import Api, Video
from clipo.client.files import EXTENSIONS, inspect, is_video_name, open_saved_upload
from clipo.client.upload import NewRow, ProgressRow, announce, send
from clipo.client.watch import wait_until_finished
from clipo.errors import ClipoError

_FILES_AT_ONCE = 3
_NUMBERS = re.compile(r"(\d+)", re.ASCII)
_DELETE_S = 3
"""Seconds that an interrupted command takes at most to delete a video."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to upload."""

    path: Path
    """The path as the user typed it."""
    label: str
    """The filename, or the path if two files have the same name."""
    temporary: bool = False
    """Whether `clipo` made the file and deletes it at the end."""

    @property
    def typed(self) -> str:
        """The path as the user typed it; a temporary file's label."""
        return self.label if self.temporary else str(self.path)


def distinct_files(paths: Sequence[Path]) -> list[InputFile]:
    """Return each file once. Its label is its name, or its path if two files share the name."""
    different: dict[str, Path] = {}
    for path in paths:
        different.setdefault(os.path.abspath(path), path)  # noqa: PTH100 (a link is a file of its own)
    names = Counter(path.name for path in different.values())
    return [
        InputFile(path, path.name if path.name and names[path.name] == 1 else str(path))
        for path in different.values()
    ]


def videos_in(paths: Sequence[Path], on_skip: Callable[[Path], None]) -> Iterator[Path]:
    """Yield the videos in each folder and below it, in order, and the other paths as they are.

    A folder without videos is yielded, too, so that the upload reports it. Hidden files and folders
    are left out, and so are links to folders. `on_skip` is called with each link to a file outside
    the folder, which is left out as well: an archive may contain a link to any file of the user.
    """
    for path in paths:
        yield from (_walk(path, on_skip) or [path]) if path.is_dir() else [path]


def _walk(folder: Path, on_skip: Callable[[Path], None]) -> list[Path]:
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        visible = (name for name in folders if not name.startswith("."))
        folders[:] = sorted(visible, key=_natural)
        for path in (Path(root, name) for name in sorted(names, key=_natural)):
            if path.name.startswith(".") or not is_video_name(path.name):
                continue
            if path.is_symlink() and not _is_within(path, folder):
                on_skip(path)
            else:
                found.append(path)
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Return the key of an order in which clip2 comes before clip10."""
    parts = (part.lstrip("0") if part.isdecimal() else part for part in _NUMBERS.split(name))
    return [(len(part) if part.isdecimal() else 0, part) for part in parts]


def _is_within(path: Path, folder: Path) -> bool:
    # `Path.resolve` raises an error for a link to itself.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one file."""

    file: InputFile
    video: Video | None = None
    error: ClipoError | None = None

    @property
    def good(self) -> bool:
        """Whether the file was uploaded and, as far as is known, its video has not failed."""
        return self.error is None and (self.video or {}).get("status") != "failed"


class Uploads:
    """One run of `clipo upload`."""

    def __init__(self, api: Api, *, wait: bool, recursive: bool, fields: Mapping[str, str]) -> None:
        """Take the API, whether to wait until each video is done or failed, and its fields.

        With `recursive` a folder among the files is one in which `videos_in` has found none. The
        fields are the same for all videos: `owner`, `passthrough` and `visibility`.
        """
        self._api = api
        self._fields = fields
        self._wait = wait
        self._recursive = recursive
        self._free = asyncio.Semaphore(_FILES_AT_ONCE)
        self._unsent = 0

    async def run(
        self,
        files: Sequence[InputFile],
        new_row: NewRow,
        on_outcome: Callable[[Outcome], None],
    ) -> list[Outcome]:
        """Upload files; return their outcomes in the same order.

        `on_outcome` is called with each outcome as soon as it is known.
        """
        self._unsent = len(files)

        async def upload(file: InputFile) -> Outcome:
            outcome = await self._upload(file, new_row)
            on_outcome(outcome)
            return outcome

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(upload(file)) for file in files]
        except ExceptionGroup as failed:
            # Only `on_outcome` raises, for example when the output cannot be written.
            raise failed.exceptions[0] from failed
        return [task.result() for task in tasks]

    @property
    def all_sent(self) -> bool:
        """Whether all files are sent, so that the command only waits for processing."""
        return self._unsent == 0

    async def _upload(self, file: InputFile, new_row: NewRow) -> Outcome:
        try:
            video, row = await self._send(file, new_row)
        except ClipoError as error:
            self._unsent -= 1
            return Outcome(file, error=error)
        self._unsent -= 1
        if not self._wait:
            return Outcome(file, video)
        try:
            video = await wait_until_finished(self._api, video["id"], row.show_status)
        except ClipoError as error:
            return Outcome(file, video, error)
        return Outcome(file, video)

    def _folder(self) -> ClipoError:
        if self._recursive:
            return ClipoError("There is no video in this folder.")
        names = ", ".join(EXTENSIONS)
        return ClipoError(
            "This is a folder. Name the videos in it, or add --recursive, which takes the"
            f" {names} files in it and below."
        )

    async def _send(self, given: InputFile, new_row: NewRow) -> tuple[Video, ProgressRow]:
        if given.path.is_dir():
            raise self._folder()
        file = inspect(given.path)
        async with self._free:
            with open_saved_upload(self._api.address, file, fields=self._fields) as saved:
                video = await announce(self._api, file, saved, self._fields)
                row = new_row(given.label, file.size)
                try:
                    await send(self._api, video, file, saved, row)
                except asyncio.CancelledError:
                    if given.temporary:
                        saved.delete()
                        await self._delete(video)
                    raise
        return video, row

    async def _delete(self, video: Video) -> None:
        """Try to delete the video of a file that no later command can send."""
        with suppress(ClipoError, TimeoutError):
            async with asyncio.timeout(_DELETE_S):
                await self._api.delete(video["id"])
