"""The user's files: looked at before anything is sent, and remembered until all of it is.

So the same command goes on where it stopped.
"""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from clipo.errors import ClipoError
from clipo.home import write_whole

_KEPT_S = 24 * 3600
"""As long as the API knows an Idempotency-Key, and S3 keeps parts."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that can be uploaded, as it is now."""

    path: Path
    """Absolute."""
    size: int
    mtime_ns: int

    @property
    def name(self) -> str:
        """What the video will be called."""
        return self.path.name

    def unchanged(self) -> bool:
        """Whether the file is still what it was when it was looked at."""
        try:
            return looked_at(self.path) == self
        except ClipoError:
            return False


def looked_at(path: Path) -> LocalFile:
    """Return the file at a path. Raises `ClipoError` where there is none that can be uploaded.

    What its name has to end with, and how large it may be, the API says before the upload.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise ClipoError("This is a folder. Name the videos in it.")
        if not stat.S_ISREG(found.st_mode):
            raise ClipoError("This is not a file. Save the video to a file first.")
        if not os.access(path, os.R_OK):
            raise ClipoError("The file may not be read. Check its permissions.")
    except (FileNotFoundError, NotADirectoryError):
        if path == Path("-"):
            raise ClipoError("Nothing is read from a pipe. Save the video to a file.") from None
        raise ClipoError("There is no such file. Check its name.") from None
    except OSError as error:
        raise ClipoError(f"The file cannot be read: {error.strerror}.") from error
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path.name):
        raise ClipoError("Its name has control characters, or is not UTF-8. Rename the file.")
    if not found.st_size:
        raise ClipoError("The file is empty. Choose another.")
    return LocalFile(Path(os.path.abspath(path)), found.st_size, found.st_mtime_ns)  # noqa: PTH100 (links keep the name that was given)


@dataclass(frozen=True, slots=True)
class Progress:
    """What has to be known to go on with the upload of a file to an API."""

    api: str
    path: str
    size: int
    mtime_ns: int
    idempotency_key: str
    """Of the announcement: repeated, it finds the same video."""
    video_id: str | None = None
    upload_id: str | None = None
    """Of the upload in parts, when it has begun."""


class Unfinished:
    """The file that remembers one upload. Its lock keeps a second command off the same upload."""

    def __init__(self, path: Path, api: str, file: LocalFile) -> None:
        """Take where it is kept, and of what."""
        self._path = path
        self._fresh = Progress(
            api, str(file.path), file.size, file.mtime_ns, idempotency_key=secrets.token_urlsafe(24)
        )

    def progress(self) -> Progress:
        """Return how far it has come: to the beginning where the file has changed since."""
        fresh = self._fresh
        try:
            found = Progress(**json.loads(self._path.read_text()))
            age_s = time.time() - self._path.stat().st_mtime
        except (OSError, ValueError, TypeError):
            return fresh
        same = (found.api, found.path, found.size, found.mtime_ns) == (
            *(fresh.api, fresh.path, fresh.size, fresh.mtime_ns),
        )
        return found if same and 0 <= age_s < _KEPT_S else fresh

    def keep(self, progress: Progress) -> None:
        """Remember how far it has come."""
        write_whole(self._path, json.dumps(asdict(progress)))

    def forget(self) -> None:
        """All of the file has been sent, or will not be."""
        self._path.unlink(missing_ok=True)


@contextmanager
def unfinished(api: str, file: LocalFile, folder: Path | None = None) -> Iterator[Unfinished]:
    """Yield what is remembered of a file's upload to an API.

    Raises `ClipoError` where another process uploads it, and where nothing can be remembered.
    """
    folder = folder or platformdirs.user_state_path("clipo") / "uploads"
    name = hashlib.sha256(json.dumps([api, str(file.path)]).encode()).hexdigest()[:32]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(folder)
        lock = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise ClipoError(
            f"{folder} cannot be written, where uploads are remembered: {error.strerror}."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ClipoError(
                "Another `clipo` is uploading this file. Wait for its end, or stop it."
            ) from error
        yield Unfinished(folder / f"{name}.json", api, file)


def _forget_old(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > 2 * _KEPT_S:
                file.unlink()
