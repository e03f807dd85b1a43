"""API keys that `clipo login` keeps on this machine, in a file that only its owner may read."""

import json
from pathlib import Path

import platformdirs

from clipo.client.address import origin
from clipo.errors import ClipoError
from clipo.home import write_atomically


def file() -> Path:
    """Return the path of the file in the user's configuration folder."""
    return platformdirs.user_config_path("clipo") / "logins.json"


def key_for(api: str) -> str | None:
    """Return the key for an API. A key is for one origin and is never sent to another."""
    return _read().get(origin(api))


def save(api: str, key: str) -> None:
    """Keep a key for an API, in place of an earlier one."""
    _write(_read() | {origin(api): key})


def delete(api: str) -> str | None:
    """Delete the key for an API, and return it; `None` if there is none."""
    kept = _read()
    key = kept.pop(origin(api), None)
    if key:
        _write(kept)
    return key


def _read() -> dict[str, str]:
    try:
        found = json.loads(file().read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ClipoError(f"{file()} cannot be read: {error.strerror}.") from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
        raise ClipoError(f"{file()} is damaged. Remove it, and log in again.")
    return found


def _write(logins: dict[str, str]) -> None:
    try:
        file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file(), json.dumps(logins, indent=2))
    except OSError as error:
        raise ClipoError(f"{file()} cannot be written: {error.strerror}.") from error
