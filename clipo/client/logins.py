"""API keys that `clipo login` keeps on this machine, in a file that only its owner may read."""

from pathlib import Path

from clipo.client import kept
from clipo.client.address import origin

_FILE = "logins.json"


def file() -> Path:
    """Return the path of the file in the user's configuration folder."""
    return kept.file(_FILE)


def key_for(api: str) -> str | None:
    """Return the key for an API. A key is for one origin and is never sent to another."""
    return kept.read(_FILE).get(origin(api))


def origins() -> list[str]:
    """Return the origins of the APIs whose keys are kept, sorted, without the port of HTTPS."""
    return sorted(kept_for.removesuffix(":443") for kept_for in kept.read(_FILE))


def save(api: str, key: str) -> None:
    """Keep a key for an API, in place of an earlier one."""
    kept.write(_FILE, kept.read(_FILE) | {origin(api): key})


def delete(api: str) -> str | None:
    """Delete the key for an API, and return it; `None` if there is none."""
    logins = kept.read(_FILE)
    key = logins.pop(origin(api), None)
    if key:
        kept.write(_FILE, logins)
    return key
