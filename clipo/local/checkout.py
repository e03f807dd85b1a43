"""The checkout that the local stack runs from. A client that was installed alone has none."""

import shlex
import sys
from pathlib import Path

from clipo.errors import ClipoError

ABSENT = "The local stack runs from a checkout of Clipo, and this is the client alone."
GET_IT = "To run it, clone Clipo's repository and type make run there."

_ROOT = Path(__file__).parents[2]
_RULES = _ROOT / "functions" / "core"
"""Not `functions` alone: among installed packages there may be another one of that name."""

ENVIRONMENT = _ROOT / ".venv"
"""The environment that `make` sets up."""


def is_here() -> bool:
    """Whether this is a checkout."""
    return _RULES.is_dir()


def make(target: str) -> str:
    """Return the command that makes a target of the checkout, from the working directory."""
    place = "" if Path.cwd() == _ROOT else f"-C {shlex.quote(str(_ROOT))} "
    return f"make {place}{target}"


def require() -> None:
    """Make imports of `functions` use this checkout. Raises `ClipoError` if this is none."""
    if not is_here():
        raise ClipoError(f"{ABSENT} {GET_IT}")
    # PYTHONPATH may name a folder with a `functions/` of its own.
    sys.path.insert(0, str(_ROOT))
