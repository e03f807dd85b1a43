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
    program = program.absolute()
    if not anywhere and program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))
