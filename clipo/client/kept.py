"""Files of texts by name that the command keeps in the user's configuration folder."""

import json
from pathlib import Path

import platformdirs

from clipo.errors import ClipoError
from clipo.home import write_atomically


def file(name: str) -> Path:
    """Return the path of a file."""
    return platformdirs.user_config_path("clipo") / name


def read(name: str) -> dict[str, str]:
    """Return the texts in a file, none if it does not exist. Raises `ClipoError`."""
    path = file(name)
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ClipoError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ClipoError(f"{path} is damaged. Remove it, and log in again.")
    return found


def write(name: str, texts: dict[str, str]) -> None:
    """Write a file that only its owner may read. Raises `ClipoError`."""
    path = file(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps(texts, indent=2))
    except OSError as error:
        raise ClipoError(f"{path} cannot be written: {error.strerror}.") from error
