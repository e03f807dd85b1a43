"""The command's own name, for messages that say what to type."""

import shlex
import shutil
import sys
from pathlib import Path


def program_name(*, anywhere: bool = False) -> str:
    """Return `clipo` if the shell finds this program by that name, else its path.

    With `anywhere` the path is good in any working directory.
    """
    program = Path(sys.argv[0])
    if program.name != "clipo":  # a test or another module runs
        return "clipo"
    found = shutil.which("clipo")
    if found and Path(found).resolve() == program.resolve():
        return "clipo"
    return shlex.quote(str(program.absolute())) if anywhere else shown_path(program)


def shown_path(path: Path) -> str:
    """Return a path to type in the working directory, relative if it is in there."""
    path = path.absolute()
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))
