"""Saves a video from standard input, because an announcement needs its size."""

import shutil
import sys
from pathlib import Path

from clipo.client import files
from clipo.errors import ClipoError, Misuse
from clipo.program import program_name

STDIN = Path("-")
"""The argument that stands for standard input."""


def example() -> str:
    """Return a command that uploads standard input, except for the pipe."""
    return f"{program_name()} upload - --name clip.mp4"


def check_name(name: str | None) -> str:
    """Return the name for the video. Raises `Misuse` without one, or if it is no video's."""
    if not name:
        raise Misuse(f"A video from standard input needs a name: {example()}")
    if "/" in name or name in (".", ".."):
        raise Misuse(f"--name must be the name of a file, not the path {name!r}.")
    if not files.is_video_name(name):
        extensions = ", ".join(files.EXTENSIONS)
        raise Misuse(f"--name must end with a supported extension: {extensions}.")
    return name


def save(file: Path) -> None:
    """Write standard input to a file. Raises `ClipoError` if that fails."""
    if not sys.stdin:
        raise Misuse("Standard input is closed: there is no video to read.")
    try:
        with file.open("xb") as opened:
            shutil.copyfileobj(sys.stdin.buffer, opened, 1 << 20)
    except OSError as error:
        raise ClipoError(
            f"The video from standard input cannot be saved in {file.parent}: {error.strerror}."
            " Make room, or set TMPDIR to a folder with more."
        ) from error
