"""The command's own name, for messages that say what to type."""

import shutil
import sys
from pathlib import Path


def program_name() -> str:
    """Return `clipo` if the shell finds this program by that name, else its path."""
    program = Path(sys.argv[0])
    if program.name != "clipo":  # a test or another module runs
        return "clipo"
    found = shutil.which("clipo")
    if found and Path(found).resolve() == program.resolve():
        return "clipo"
    program = program.absolute()
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
