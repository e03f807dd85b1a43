"""The user's files: checks before an upload, and the state that lets the same command resume it."""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from clipo.errors import ClipoError
from clipo.home import write_atomically

_LIFETIME_S = 7 * 24 * 3600
"""How long an upload can be resumed: the API then forgets its Idempotency-Key, and S3 its parts."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that can be uploaded, as `inspect` found it."""

    path: Path
    """Absolute path."""
    size: int
    mtime_ns: int

    def unchanged(self) -> bool:
        """Whether the file is still as `inspect` found it."""
        try:
            return inspect(self.path) == self
        except ClipoError:
            return False


EXTENSIONS = ("avi", "flv", "mkv", "mov", "mp4", "webm", "wmv")
"""Extensions of the files that `upload --recursive` takes; the API itself checks each name."""


def is_video_name(name: str) -> bool:
    """Whether a name has the extension of a supported format."""
    return name.lower().endswith(tuple(f".{extension}" for extension in EXTENSIONS))


def inspect(path: Path) -> LocalFile:
    """Return the file at a path. Raises `ClipoError` if it cannot be uploaded.

    The API checks its extension and size when the video is announced.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise ClipoError("This is a folder. Name the videos in it.")
        if not stat.S_ISREG(found.st_mode):
            raise ClipoError("This is not a file. Save the video to a file first.")
        if not os.access(path, os.R_OK):
            raise ClipoError("You may not read this file. Change its permissions.")
    except (FileNotFoundError, NotADirectoryError):
        raise ClipoError("There is no such file. Check its name.") from None
    except OSError as error:
        raise ClipoError(f"The file cannot be read: {error.strerror}.") from error
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path.name):
        raise ClipoError("The name has control characters or is not UTF-8. Rename the file.")
    if not found.st_size:
        raise ClipoError("The file is empty. Choose another one.")
    return LocalFile(Path(os.path.abspath(path)), found.st_size, found.st_mtime_ns)  # noqa: PTH100 (`resolve` would rename a link to its target)


@dataclass(frozen=True, slots=True)
class UploadState:
    """What the client needs to resume an upload."""

    idempotency_key: str
    """The key of the announcement; with the same key the API returns the same video."""
    video_id: str | None = None
    upload_id: str | None = None
    """The id of the multipart upload once it has begun."""


class SavedUpload:
    """The saved state of one upload, locked against a second `clipo` with the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> UploadState:
        """Return the saved state, or a new one if there is none or it is a week old."""
        new = UploadState(idempotency_key=secrets.token_urlsafe(24))
        try:
            saved = UploadState(**json.loads(self._path.read_text()))
            age_s = time.time() - self._path.stat().st_mtime
        except (OSError, ValueError, TypeError):
            return new
        return saved if 0 <= age_s < _LIFETIME_S else new

    def save(self, state: UploadState) -> None:
        """Save the state."""
        write_atomically(self._path, json.dumps(asdict(state)))

    def delete(self) -> None:
        """Delete the state of an upload that is complete or was refused."""
        self._path.unlink(missing_ok=True)


@contextmanager
def open_saved_upload(
    api: str,
    file: LocalFile,
    folder: Path | None = None,
    *,
    fields: Mapping[str, str] | None = None,
) -> Iterator[SavedUpload]:
    """Yield the saved upload of a file to an API, locked meanwhile.

    A changed file has a new one, and so has an announcement with other `fields`. Raises
    `ClipoError` if another process uploads the file, or the folder cannot be written.
    """
    folder = folder or platformdirs.user_state_path("clipo") / "uploads"
    identity = json.dumps([api, str(file.path), file.size, file.mtime_ns, dict(fields or {})])
    name = hashlib.sha256(identity.encode()).hexdigest()[:32]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _delete_old(folder)
        lock = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise ClipoError(
            f"{folder}, where clipo saves unfinished uploads, cannot be written: {error.strerror}."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ClipoError(
                "Another `clipo` is uploading this file. Wait until it ends, or stop it."
            ) from error
        yield SavedUpload(folder / f"{name}.json")


def _delete_old(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > 2 * _LIFETIME_S:
                file.unlink()
