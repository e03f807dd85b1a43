"""The folder that keeps the local stack's state between starts."""

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
    """The paths in CLIPO_HOME."""

    root: Path
    lasting: bool = True
    """Whether it is still there after the stack's end."""

    @property
    def objects(self) -> Path:
        """What is in the buckets."""
        return self.root / "s3"

    @property
    def emulator(self) -> Path:
        """What else the S3 emulator remembers: queues, bucket settings."""
        return self.root / "emulator"

    @property
    def mongo(self) -> Path:
        """The database's files."""
        return self.root / "mongo"

    @property
    def logs(self) -> Path:
        """One file a process, of this start only."""
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """Temporary files of the functions; emptied at each start."""
        return self.root / "tmp"

    @property
    def ffmpeg(self) -> Path:
        """Links to the binaries in use."""
        return self.root / "ffmpeg"

    @property
    def stack_file(self) -> Path:
        """The running stack's addresses, for other programs; absent when it is not running."""
        return self.root / "stack.json"

    @property
    def functions_env(self) -> Path:
        """What a shell sources to run the functions, or the AWS CLI, beside the running stack."""
        return self.root / "functions.env"

    def prepare(self) -> None:
        """Remove what a start before has left: logs, temporary files, its addresses."""
        self.forget_addresses()
        for folder in (self.logs, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def forget_addresses(self) -> None:
        """Tell other programs that nothing runs here."""
        for file in (self.stack_file, self.functions_env):
            file.unlink(missing_ok=True)

    def reset(self) -> None:
        """Forget all videos. Touches nothing in the folder that is not ours."""
        for folder in (self.objects, self.emulator, self.mongo):
            shutil.rmtree(folder, ignore_errors=True)

    def credentials(self) -> tuple[str, str]:
        """Return this installation's access key and secret, made at the first start."""
        file = self.root / "credentials.json"
        if not file.exists():
            made = {"access_key": "LOCAL" + secrets.token_hex(8), "secret": secrets.token_hex(20)}
            write_whole(file, json.dumps(made))
        kept = json.loads(file.read_text())
        return kept["access_key"], kept["secret"]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second stack out of this folder.

        Raises `ClipoError` where one is running in it.
        """
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


def write_whole(file: Path, text: str) -> None:
    """Write a file that only its owner may read; it is there whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    fresh.replace(file)
