"""How a person types `clipo` here."""

import shlex
import shutil
import sys
from pathlib import Path


def clipo(*, anywhere: bool = False) -> str:
    """Return `clipo` where the shell finds this one by that name, else its path.

    `anywhere` makes it good in any working directory.
    """
    program = Path(sys.argv[0])
    if program.name != "clipo":  # run by a test, or as a module
        return "clipo"
    found = shutil.which("clipo")
    if found and Path(found).resolve() == program.resolve():
        return "clipo"
    program = program.absolute()
    if not anywhere and program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))
