"""The database, as the `clipo` command itself uses it: to prepare it, and to migrate it."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from clipo.client import address
from clipo.errors import ClipoError, Misuse
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.schema import Migration, Progress
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable

_TIMEOUT_MS = 5000
_WITHOUT_LIMIT = 0


def prepare(environ: Mapping[str, str]) -> None:
    """Prepare the database at MONGODB_URI, unless it is to be migrated.

    Raises `ClipoError`, which shows no password, if the database cannot be used.
    """
    advice = "Correct MONGODB_URI, or unset it: then the local stack starts its own."
    with _connect(CatalogSettings.read(environ), _TIMEOUT_MS, advice) as catalog:
        catalog.ensure_schema()


def migrate(settings: CatalogSettings, progress: Progress) -> Migration:
    """Migrate a database, however long that takes. Raises `ClipoError`."""
    advice = "Correct MONGODB_URI, or run the command again: it continues where it stopped."
    with _connect(settings, _WITHOUT_LIMIT, advice) as catalog:
        return catalog.migrate(progress)


def choose(environ: Mapping[str, str]) -> CatalogSettings:
    """Return the database of MONGODB_URI and MONGODB_DATABASE, or the running local stack's.

    Raises `Misuse` if there is neither.
    """
    if environ.get("MONGODB_URI"):
        return CatalogSettings.read(environ)
    try:
        lines = address.home(environ).functions_env.read_text().splitlines()
    except OSError as error:
        raise Misuse(
            "Set MONGODB_URI to the database's connection string, or start the local stack."
        ) from error
    exported = dict(line.split("=", 1) for line in lines)
    return CatalogSettings.read({name: shlex.split(text)[0] for name, text in exported.items()})


def without_password(uri: str) -> str:
    """Return a connection string that can be shown."""
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


@contextmanager
def _connect(settings: CatalogSettings, timeout_ms: int, advice: str) -> Iterator[MongoCatalog]:
    try:
        with closing(MongoCatalog(settings, pool_size=1, timeout_ms=timeout_ms)) as catalog:
            yield catalog
    except CatalogUnavailable as error:
        # PyMongo's message begins with a sentence for people; details in parentheses follow.
        reason = str(error.__cause__).partition(" (")[0].rstrip(".")
        where = without_password(settings.uri)
        raise ClipoError(f"MongoDB at {where} cannot be used: {reason}. {advice}") from error
