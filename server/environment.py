"""Settings of the processes: the functions' own, of which secrets may be in files."""

from collections.abc import MutableMapping
from pathlib import Path

from functions.core.settings import SettingsError

SECRETS = (
    "MONGODB_URI",
    "ROOT_SECRETS",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "WEBHOOK_ROOT",
)
"""The settings that can be in a file, whose path is then in `<NAME>_FILE`."""


def read_secret_files(environ: MutableMapping[str, str]) -> None:
    """Set each secret that is in a file. Raises `SettingsError`, which shows no secret."""
    for name in SECRETS:
        path = environ.pop(f"{name}_FILE", "")
        if not path:
            continue
        if environ.get(name):
            raise SettingsError(f"Set {name} or {name}_FILE, not both.")
        try:
            environ[name] = Path(path).read_text().strip()
        except OSError as error:
            raise SettingsError(
                f"{name}_FILE is {path}, which cannot be read: {error.strerror}."
            ) from error
