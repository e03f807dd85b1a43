"""Looks at a file of the user before anything is sent."""

import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from clipo.errors import ClipoError


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
