"""Builds the objects of the upkeep function from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.adapters.jobs import Jobs
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.sdk.storage import SdkStorage
from functions.core.settings import CatalogSettings, StorageSettings, flag
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.orphans import OrphanSearch
from functions.upkeep.recount import Recount
from functions.upkeep.sweep import Sweep

_CATALOG_TIMEOUT_MS = 5000
_S3_ATTEMPTS = 2
_S3_READ_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class Wired:
    """The objects that the handler uses."""

    sweep: Sweep
    recount: Recount
    orphan_search: OrphanSearch
    failed_events: FailedEvents


def wire(environ: Mapping[str, str], processing: Jobs) -> Wired:
    """Read the settings and build everything, without connecting to anything.

    With DELETE_ORPHANED_OBJECTS=true (default false) upkeep deletes orphaned objects.
    Raises `SettingsError`.
    """
    settings = StorageSettings.read(environ)
    storage = SdkStorage(settings, attempts=_S3_ATTEMPTS, read_timeout_s=_S3_READ_TIMEOUT_S)
    catalog = MongoCatalog(
        CatalogSettings.read(environ), pool_size=1, timeout_ms=_CATALOG_TIMEOUT_MS
    )
    return Wired(
        sweep=Sweep(catalog, storage, processing),
        recount=Recount(catalog),
        orphan_search=OrphanSearch(
            catalog, storage, delete=flag(environ, "DELETE_ORPHANED_OBJECTS")
        ),
        failed_events=FailedEvents(catalog, storage, settings.uploads_bucket),
    )
