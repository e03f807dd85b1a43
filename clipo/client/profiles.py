"""Profiles: names for the addresses of APIs, which `clipo login --profile` keeps."""

import re

from clipo.client import kept
from clipo.errors import Misuse
from clipo.program import program_name

VARIABLE = "CLIPO_PROFILE"
_FILE = "profiles.json"


def names() -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(kept.read(_FILE))


def find(name: str) -> str | None:
    """Return the address of a profile's API; `None` if there is no such profile."""
    return kept.read(_FILE).get(name)


def address_of(name: str) -> str:
    """Return the address of a profile's API. Raises `Misuse` if there is no such profile."""
    if address := find(name):
        return address
    known = f" There are: {', '.join(names())}." if names() else ""
    login = f"{program_name()} login --profile NAME --api URL"
    raise Misuse(f"There is no profile {name!r}.{known} To make one: {login}")


def check_name(name: str) -> None:
    """Raise `Misuse` for a name that would need quotes."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise Misuse(
            f"{name!r} cannot name a profile: use letters, digits, dots, hyphens and underscores."
        )


def save(name: str, api: str) -> None:
    """Keep a profile, in place of an earlier one with its name."""
    kept.write(_FILE, kept.read(_FILE) | {name: api})


def delete(name: str) -> None:
    """Delete a profile, if it exists."""
    kept.write(_FILE, {other: api for other, api in kept.read(_FILE).items() if other != name})
