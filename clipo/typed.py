"""How a person types `clipo` here."""

import shutil
import sys
from pathlib import Path


def clipo() -> str:
    """Return `clipo` where the shell finds this one by that name, else the way to it."""
    program = Path(sys.argv[0])
    if program.name != "clipo":  # run by a test, or as a module
        return "clipo"
    found = shutil.which("clipo")
    if found and Path(found).resolve() == program.resolve():
        return "clipo"
    program = program.absolute()
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
