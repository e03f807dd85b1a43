"""What `clipo doctor` finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, perhaps not as meant."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    name: str
    state: State
    said: str
    fix: str = ""
    """What to do; empty where all is well."""


def ok(name: str, said: str) -> Finding:
    """Return that all is well."""
    return Finding(name, State.OK, said)


def warning(name: str, said: str, fix: str) -> Finding:
    """Return what may not be meant."""
    return Finding(name, State.WARNING, said, fix)


def broken(name: str, said: str, fix: str) -> Finding:
    """Return what does not work."""
    return Finding(name, State.BROKEN, said, fix)
