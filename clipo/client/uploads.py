"""The command `upload`: several files at once, each to its end."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipo.client.api import Api, Video
from clipo.client.files import looked_at, unfinished
from clipo.client.upload import Row, announced, send
from clipo.client.watch import finished
from clipo.errors import ClipoError

_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that is to be uploaded."""

    path: Path
    """As it was given."""
    name: str
    """As a person tells it from the others."""
    lasting: bool = True
    """Whether it is there when the same command is given again."""

    @property
    def given(self) -> str:
        """Where it is, as far as the user knows."""
        return str(self.path) if self.lasting else self.name


def given_files(paths: Sequence[Path]) -> list[GivenFile]:
    """Return each file once, by its name, or by the way to it where two have the same name."""
    different: dict[str, Path] = {}
    for path in paths:
        different.setdefault(os.path.abspath(path), path)  # noqa: PTH100 (links stay what they are)
    names = Counter(path.name for path in different.values())
    return [
        GivenFile(path, path.name if path.name and names[path.name] == 1 else str(path))
        for path in different.values()
    ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    file: GivenFile
    video: Video | None = None
    error: ClipoError | None = None

    @property
    def good(self) -> bool:
        """Whether the file was uploaded, and has not failed as far as it was followed."""
        return self.error is None and (self.video or {}).get("status") != "failed"


class Uploads:
    """Uploads files, and follows them where that is wanted."""

    def __init__(self, api: Api, *, wait: bool, state: Path | None = None) -> None:
        """Take whether to follow a video to its end, and the folder to remember uploads in."""
        self._api = api
        self._wait = wait
        self._state = state
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._unsent = 0

    async def run(
        self,
        files: Sequence[GivenFile],
        new_row: Callable[[str, int], Row],
        on_outcome: Callable[[Outcome], None],
    ) -> list[Outcome]:
        """Return what became of each file, in the order given; told as each one ends."""
        self._unsent = len(files)

        async def one(file: GivenFile) -> Outcome:
            outcome = await self._outcome(file, new_row)
            on_outcome(outcome)
            return outcome

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(file)) for file in files]
        except ExceptionGroup as failed:
            # What became of a file could not be written.
            raise failed.exceptions[0] from failed
        return [task.result() for task in tasks]

    @property
    def all_sent(self) -> bool:
        """Whether there is nothing left to send: then only processing is waited for."""
        return self._unsent == 0

    async def _outcome(self, given: GivenFile, new_row: Callable[[str, int], Row]) -> Outcome:
        try:
            video, row = await self._sent(given, new_row)
        except ClipoError as error:
            self._unsent -= 1
            return Outcome(given, error=error)
        self._unsent -= 1
        if not self._wait:
            return Outcome(given, video)
        try:
            video = await finished(self._api, video["id"], lambda now: row.says(now["status"]))
        except ClipoError as error:
            return Outcome(given, video, error)
        return Outcome(given, video)

    async def _sent(
        self, given: GivenFile, new_row: Callable[[str, int], Row]
    ) -> tuple[Video, Row]:
        file = looked_at(given.path)
        async with self._free:
            with unfinished(self._api.address, file, self._state) as remembered:
                video = await announced(self._api, file, remembered)
                row = new_row(given.name, file.size)
                await send(self._api, video, file, remembered, row)
        return video, row
