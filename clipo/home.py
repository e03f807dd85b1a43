"""The folder with the state of the local stack."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clipo.errors import ClipoError


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
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def forget_addresses(self) -> None:
        """Delete the addresses, so that other programs see that no stack runs."""
        for file in (self.stack_file, self.functions_env):
            file.unlink(missing_ok=True)

    def reset(self) -> None:
        """Delete all videos, but no file that Clipo did not make."""
        for folder in (self.objects, self.emulator, self.mongo):
            shutil.rmtree(folder, ignore_errors=True)

    def credentials(self) -> tuple[str, str]:
        """Return the access key and secret of this folder, made at the first start."""
        file = self.root / "credentials.json"
        if not file.exists():
            made = {"access_key": "LOCAL" + secrets.token_hex(8), "secret": secrets.token_hex(20)}
            write_atomically(file, json.dumps(made))
        kept = json.loads(file.read_text())
        return kept["access_key"], kept["secret"]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder. Raises `ClipoError` if a stack runs in it, or it cannot be made."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            file = (self.root / "lock").open("w")
        except OSError as error:
            raise ClipoError(f"CLIPO_HOME {self.root} cannot be used: {error.strerror}.") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ClipoError(
                    f"Clipo is already running in {self.root}. Stop it there with Ctrl-C, or set"
                    " CLIPO_HOME to another folder."
                ) from error
            yield


def write_atomically(file: Path, text: str) -> None:
    """Write a file that only its owner may read. A reader never sees half of it."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    fresh.replace(file)
