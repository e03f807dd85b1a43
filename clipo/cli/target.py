"""The file that a command writes: never over another one unasked, and never half of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.errors import ClipoError, Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal

ForceOption = Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it exists.")]


STDOUT = Path("-")
"""The argument that stands for standard output."""


def check_stdout(output: "Terminal") -> None:
    """Raise `Misuse` if standard output cannot take a file's bytes alone."""
    if output.as_json:
        raise Misuse("Standard output takes either the file or JSON: name a file, or omit --json.")
    if output.out.file.isatty():
        raise Misuse("Standard output is a terminal: name a file, or use a pipe.")


def check(file: Path, *, force: bool) -> None:
    """Raise `ClipoError` if a file cannot be written, or exists and may not be replaced."""
    if file.is_dir():
        raise ClipoError(f"{file} is a folder: name a file.")
    if not file.parent.is_dir():
        raise ClipoError(f"There is no folder {file.parent}: create it, or name another one.")
    if os.path.lexists(file) and not force:
        raise ClipoError(f"{file} exists: add --force to replace it, or name another file.")


def make_folder(folder: Path) -> None:
    """Create a folder if there is none. Raises `ClipoError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClipoError(f"{folder} cannot be created: {error.strerror or error}.") from error


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """Yield the path of a file beside, which replaces the file when the `with` block succeeds."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(file)
    except OSError as error:
        raise unwritable(file, error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def unwritable(file: Path, error: OSError) -> ClipoError:
    """Return the error for a file that cannot be written."""
    return ClipoError(f"{file} cannot be written: {error.strerror or error}.")
