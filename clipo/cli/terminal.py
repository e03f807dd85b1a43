"""Where the command writes: data to stdout, all else to stderr."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from clipo.errors import ClipoError

_PIPE_WIDTH = 10_000
"""Nothing is shortened for a program that reads."""


class Terminal:
    """The two streams, and what the user wants on them."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        """Open both. `as_json` and `quiet` say what becomes of data and messages.

        Raises `ClipoError` where stdout is closed. Writing data to it raises `ClipoError` where
        that fails, and `BrokenPipeError` where nobody reads it any more.
        """
        if not sys.stdout:
            raise ClipoError("There is nowhere to write to: standard output is closed.")
        self.as_json = as_json
        self.quiet = quiet
        self.out = _console(sys.stdout)
        self.err = _console(sys.stderr)

    @property
    def animated(self) -> bool:
        """Whether progress can be drawn over what stood there before."""
        return self.err.file.isatty() and not self.err.is_dumb_terminal and not self.quiet

    def data(self, shown: RenderableType) -> None:
        """Write data. A program gets no spaces at the end of a line."""
        with _writing():
            if self.out.file.isatty():
                self.out.print(shown)
                return
            with self.out.capture() as captured:
                self.out.print(shown)
            lines = captured.get().rstrip("\n").split("\n")
            self.out.file.write("".join(f"{line.rstrip(' ')}\n" for line in lines))
            self.out.file.flush()

    def whole(self, line: str) -> None:
        """Write a line of data that no line break may come into: an address."""
        with _writing():
            self.out.print(line, soft_wrap=True)

    def json(self, document: Any, *, indent: int | None = None) -> None:
        """Write a document. In ASCII: it goes through any terminal, and hides nothing."""
        with _writing():
            print(json.dumps(document, indent=indent), file=self.out.file, flush=True)

    def message(self, line: str | Text, style: str = "") -> None:
        """Tell a person something, unless that is not wanted."""
        if not self.quiet:
            self.error(line, style)

    def error(self, line: str | Text, style: str = "red") -> None:
        """Tell a person something that has to be told."""
        self.err.print(Text(line, style=style) if isinstance(line, str) else line)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What is left is not to fail once more when Python ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise
        raise ClipoError(f"The output cannot be written: {error.strerror}.") from error


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would exit with 1.
        raise  # noqa: PLE0704 (it is called where the error is caught)


def _console(stream: TextIO | None) -> Console:
    if isinstance(stream, io.TextIOWrapper):
        # A terminal that cannot show a character shows a question mark.
        stream.reconfigure(errors="replace")
    width = None if stream and stream.isatty() else _PIPE_WIDTH
    # What is printed is text: a filename is never taken for markup or an emoji's name.
    return _Console(
        file=stream, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False
    )
