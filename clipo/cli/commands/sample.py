"""`clipo sample`: writes a sample video."""

from pathlib import Path
from typing import Annotated

import typer

from clipo.cli import sample, target, terminal
from clipo.cli.command import DONE, QuietOption
from clipo.cli.target import ForceOption
from clipo.errors import Misuse


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MP4 file to write.")] = Path(
        "sample.mp4"
    ),
    *,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> int:
    """Write a sample video of 5 seconds, with a test picture and sound."""
    output = terminal.Terminal(quiet=quiet)
    if file.suffix.lower() != ".mp4":
        raise Misuse(f"The sample is an MP4 file, but {file} does not end with .mp4.")
    target.check(file, force=force)
    with target.written(file) as unfinished:
        sample.write(unfinished)
    output.message(f"{file} is written.")
    return DONE
