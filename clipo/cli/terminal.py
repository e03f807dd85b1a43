"""Output of the commands: data goes to stdout, messages and errors to stderr."""

import io
import json
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from clipo.errors import ClipoError

_PIPE_WIDTH = 10_000
"""Columns for a program: so many that nothing is shortened."""


class Terminal:
    """The output streams, with the options `--json` and `--quiet`."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        """Raise `ClipoError` if stdout is closed.

        The `write` methods raise `ClipoError` if stdout cannot be written, and `BrokenPipeError`
        if its reader is gone.
        """
        if not sys.stdout:
            raise ClipoError("Standard output is closed. clipo needs it to write to.")
        self.as_json = as_json
        self.quiet = quiet
        self.out = _console(sys.stdout)
        self.err = stderr()

    @property
    def animated(self) -> bool:
        """Whether stderr can show moving progress bars."""
        return self.err.file.isatty() and not self.err.is_dumb_terminal and not self.quiet

    def write(self, shown: RenderableType) -> None:
        """Write data; for a program without spaces at the ends of lines."""
        with _writing():
            if self.out.file.isatty():
                self.out.print(shown, crop=False)
                return
            with self.out.capture() as captured:
                self.out.print(shown)
            lines = captured.get().rstrip("\n").split("\n")
            self.out.file.write("".join(f"{line.rstrip(' ')}\n" for line in lines))
            self.out.file.flush()

    def write_unwrapped(self, line: str) -> None:
        """Write a line that is never wrapped, such as an address."""
        with _writing():
            self.out.print(line, soft_wrap=True)

    def write_bytes(self, data: bytes) -> None:
        """Write a part of a file."""
        with _writing():
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def write_json(self, document: Any, *, indent: int | None = None) -> None:
        """Write a document in ASCII, which every terminal shows and which hides nothing."""
        with _writing():
            print(json.dumps(document, indent=indent), file=self.out.file, flush=True)

    def message(self, line: str, style: str = "") -> None:
        """Write a message to a person, unless `--quiet` is given."""
        if not self.quiet:
            self.error(line, style)

    def error(self, line: str, style: str = "red") -> None:
        """Write an error to a person."""
        say(self.err, line, style)


def say(console: Console, text: str, style: str = "") -> None:
    """Write a text to a person; on a terminal wrapped between words.

    A word that is longer than a line, such as an address, stays whole, so that it can be copied.
    """
    if console.file.isatty():
        text = "\n".join(_wrap(line, console.width) for line in text.split("\n"))
    console.print(Text(text, style=style), soft_wrap=True)


def _wrap(line: str, width: int) -> str:
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def stderr() -> Console:
    """Return the console of standard error."""
    return _console(sys.stderr)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Else the buffered rest would fail again when Python exits.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise
        raise ClipoError(f"The output cannot be written: {error.strerror}.") from error


class RaisingConsole(Console):
    """Raises `BrokenPipeError` when its reader is gone. Rich's console would exit the program."""

    def on_broken_pipe(self) -> None:
        """Raise the error that Rich has caught."""
        raise  # noqa: PLE0704 (Rich calls this in its `except` block)


def _console(stream: TextIO | None) -> Console:
    if isinstance(stream, io.TextIOWrapper):
        # Write a question mark for a character that the terminal cannot show.
        stream.reconfigure(errors="replace")
    width = None if stream and stream.isatty() else _PIPE_WIDTH
    # Rich would write to stdout if stderr is closed.
    file = stream or io.StringIO()
    # Without these options a filename could be taken for markup or the name of an emoji.
    return RaisingConsole(
        file=file, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False
    )
