"""The services of the API: those of the process, and what one caller's request gets of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from functions.adapters.api_keys import ApiKeys
from functions.adapters.catalog import Catalog
from functions.adapters.jobs import Jobs, WebhookQueue
from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.pictures import MongoPictureLeases
from functions.adapters.pictures import ImagesFunction, Pictures
from functions.adapters.receivers import Receivers
from functions.adapters.signed.aws import SignedAws
from functions.adapters.signed.cloudfront import CloudFront
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.adapters.storage import Storage
from functions.api.login import Logins
from functions.api.pending_limit import PendingLimit
from functions.api.scoped_catalog import ScopedCatalog
from functions.api.settings import ApiSettings
from functions.core.access import Caller
from functions.core.clock import Clock, utc_now
from functions.core.settings import CatalogSettings, StorageSettings

Sleep: TypeAlias = Callable[[float], None]
"""A function that waits for some seconds."""

# If MongoDB or S3 hangs, the API answers 503 within 5 s.
_CATALOG_TIMEOUT_MS = 4000
_CATALOG_POOL = 2
_S3_READ_TIMEOUT_S = 3
_S3_ATTEMPTS = 1


@dataclass(frozen=True, slots=True)
class Services:
    """The caller of a request, and what its routes use. The catalog has only its videos."""

    caller: Caller
    catalog: ScopedCatalog
    settings: ApiSettings
    storage: Storage
    processing: Jobs
    api_keys: ApiKeys
    pictures: Pictures
    now: Clock
    sleep: Sleep
    pending_limit: PendingLimit
    receivers: Receivers
    webhook_queue: WebhookQueue | None
    """The queue of the webhooks function; `None` if webhooks are off."""


@dataclass(frozen=True, slots=True)
class Backend:
    """The settings, the adapters and the clock of the process. Routes do not get it."""

    settings: ApiSettings
    catalog: Catalog
    storage: Storage
    processing: Jobs
    api_keys: ApiKeys
    pictures: Pictures
    logins: Logins | None = None
    """The check of the tokens of the operator's own login, if there is one."""
    now: Clock = utc_now
    sleep: Sleep = time.sleep
    pending_limit: PendingLimit = field(default_factory=PendingLimit)
    webhook_queue: WebhookQueue | None = None

    def services_for(self, caller: Caller) -> Services:
        """Return what a caller's request gets."""
        return Services(
            caller=caller,
            catalog=ScopedCatalog(self.catalog, caller.owner),
            settings=self.settings,
            storage=self.storage,
            processing=self.processing,
            api_keys=self.api_keys,
            pictures=self.pictures,
            now=self.now,
            sleep=self.sleep,
            pending_limit=self.pending_limit,
            receivers=self.catalog.receivers,
            webhook_queue=self.webhook_queue,
        )


def wire(environ: Mapping[str, str], processing: Jobs) -> Backend:
    """Read the settings and build the services, which connect at their first use.

    Raises `SettingsError`.
    """
    catalog = MongoCatalog(
        CatalogSettings.read(environ), pool_size=_CATALOG_POOL, timeout_ms=_CATALOG_TIMEOUT_MS
    )
    settings = ApiSettings.read(environ)
    aws = SignedAws(environ)
    return Backend(
        settings=settings,
        logins=Logins(settings.login, utc_now) if settings.login else None,
        catalog=catalog,
        storage=SignedStorage(
            StorageSettings.read(environ),
            SignedService.read(
                "s3", environ, attempts=_S3_ATTEMPTS, read_timeout_s=_S3_READ_TIMEOUT_S
            ),
            CloudFront.read(environ),
        ),
        processing=processing,
        api_keys=MongoApiKeys(catalog),
        pictures=Pictures(MongoPictureLeases(catalog), ImagesFunction(environ, aws.call)),
        webhook_queue=WebhookQueue.read(environ, aws.send_message),
    )


# Async, because FastAPI runs a plain function in a thread, which costs a tenth of a GET's CPU.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services_for(request.state.caller)
    return services


InjectedServices = Annotated[Services, Depends(_services)]
