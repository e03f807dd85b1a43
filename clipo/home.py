"""The folder with the state of the local stack."""

import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from clipo.errors import ClipoError

_LEAST_SECRET = 32
"""The fewest characters of a root secret: a full disk may have left a part of one."""


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder, CLIPO_HOME, and the paths in it."""

    root: Path
    lasting: bool = True
    """Whether the folder is kept when the stack stops."""

    @property
    def objects(self) -> Path:
        """The objects of all buckets."""
        return self.root / "s3"

    @property
    def emulator(self) -> Path:
        """The S3 emulator's other state: queues and bucket settings."""
        return self.root / "emulator"

    @property
    def mongo(self) -> Path:
        """The database's files."""
        return self.root / "mongo"

    @property
    def logs(self) -> Path:
        """The logs since the last start, one file per process."""
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """The functions' temporary files, deleted at each start."""
        return self.root / "tmp"

    @property
    def ffmpeg(self) -> Path:
        """Links to the ffmpeg and ffprobe in use."""
        return self.root / "ffmpeg"

    @property
    def stack_file(self) -> Path:
        """The running stack's addresses, for other programs; absent when no stack runs."""
        return self.root / "stack.json"

    @property
    def functions_env(self) -> Path:
        """Shell variables to run the functions, or the AWS CLI, with the running stack."""
        return self.root / "functions.env"

    def prepare(self) -> None:
        """Delete the logs, temporary files and addresses of an earlier start."""
        self.forget_addresses()
        for folder in (self.logs, self.scratch):
            remove(folder)
            folder.mkdir()

    def forget_addresses(self) -> None:
        """Delete the addresses, so that other programs see that no stack runs."""
        for file in (self.stack_file, self.functions_env):
            remove(file)

    def reset(self) -> None:
        """Delete all videos, but no file that Clipo did not make."""
        for folder in (self.objects, self.emulator, self.mongo):
            remove(folder)

    def credentials(self) -> tuple[str, str]:
        """Return the access key and secret of this folder, made if it has none that can be read."""
        file = self.root / "credentials.json"
        if kept := _read_credentials(file):
            return kept
        access_key, secret = "LOCAL" + secrets.token_hex(8), secrets.token_hex(20)
        write_atomically(file, json.dumps({"access_key": access_key, "secret": secret}))
        return access_key, secret

    @property
    def root_secret_file(self) -> Path:
        """The root secret of the API keys, which only the user may read."""
        return self.root / "root_secret"

    def root_secret(self) -> str:
        """Return the root secret of this folder, made if it has none that can be read."""
        kept = self.kept_root_secret()
        if kept:
            return kept
        secret = secrets.token_hex(32)
        write_atomically(self.root_secret_file, secret)
        return secret

    def kept_root_secret(self) -> str | None:
        """Return the root secret of this folder, or `None` if it has none that can be used."""
        try:
            kept = self.root_secret_file.read_text(errors="replace").strip()
        except FileNotFoundError:
            return None
        usable = kept.isascii() and kept.isalnum() and len(kept) >= _LEAST_SECRET
        return kept if usable else None

    def is_locked(self) -> bool:
        """Whether a stack runs in the folder."""
        try:
            file = self._lock_file.open()
        except OSError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            return False

    @property
    def _lock_file(self) -> Path:
        return self.root / "lock"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder. Raises `ClipoError` if a stack runs in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ClipoError(
                    f"Clipo is already running in {self.root}{noted_holder(file)}. Stop it there"
                    " with Ctrl-C, or set CLIPO_HOME to another folder."
                ) from error
            note_holder(file, f" (process {os.getpid()})")
            yield

    def unusable(self, error: OSError) -> ClipoError:
        """Return the error to show for an unusable file, in this folder or elsewhere."""
        file = Path(os.fsdecode(error.filename)) if error.filename else self.root
        what = f"{file} cannot be used: {error.strerror or error}."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return ClipoError(f"{what} Make room, or set CLIPO_HOME to a folder of another disk.")
        if not file.is_relative_to(self.root):
            return ClipoError(what)
        if not self.root.is_dir() and error.errno in (errno.EEXIST, errno.ENOTDIR):
            return ClipoError(f"{self._no_folder()} Set CLIPO_HOME to a folder.")
        return ClipoError(
            f"CLIPO_HOME {what} Correct its owner and permissions, remove it, or set CLIPO_HOME to"
            " another folder."
        )

    def _no_folder(self) -> str:
        if self.root.is_symlink() and not self.root.exists():
            return f"CLIPO_HOME {self.root} is a link to a folder that does not exist."
        where = "is" if self.root.exists() else "is in"
        return f"CLIPO_HOME {self.root} {where} a file, not a folder."


def _read_credentials(file: Path) -> tuple[str, str] | None:
    """Return the kept credentials; `None` if there are none, as after a full disk."""
    try:
        kept = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    match kept:
        case {"access_key": str(key), "secret": str(secret)}:
            return (key, secret) if f"{key}{secret}".isalnum() and key and secret else None
    return None


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with everything in it, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def note_holder(lock: TextIO, holder: str) -> None:
    """Write the name of a lock's holder to the lock file, which is open for appending."""
    with suppress(OSError):  # The disk may be full: the lock holds all the same.
        lock.truncate(0)
        lock.write(holder)
        lock.flush()


def noted_holder(lock: TextIO) -> str:
    """Return the holder's name from a lock file."""
    lock.seek(0)
    return lock.read()


def write_atomically(file: Path, text: str) -> None:
    """Write a file that only its owner may read. A reader never sees half of it."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    fresh.replace(file)
