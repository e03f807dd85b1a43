"""Findings of `clipo doctor`."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of a thing that was checked."""

    OK = "ok"
    WARNING = "warning"
    """It works, but perhaps not as intended."""
    BROKEN = "broken"
    ABSENT = "absent"
    """An optional part that is not installed or not running."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    state: State
    said: str
    fix: str = ""
    """What to do; empty if the state is `OK`, and if another finding says it."""


def ok(name: str, said: str) -> Finding:
    """Return a finding in the state `OK`."""
    return Finding(name, State.OK, said)


def warning(name: str, said: str, fix: str) -> Finding:
    """Return a finding in the state `WARNING`."""
    return Finding(name, State.WARNING, said, fix)


def broken(name: str, said: str, fix: str) -> Finding:
    """Return a finding in the state `BROKEN`."""
    return Finding(name, State.BROKEN, said, fix)


def absent(name: str, said: str, fix: str = "") -> Finding:
    """Return a finding in the state `ABSENT`."""
    return Finding(name, State.ABSENT, said, fix)
