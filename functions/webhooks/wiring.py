"""Builds the webhooks function's objects from its settings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from functions.adapters.jobs import WebhookQueue
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.sdk.aws import SdkAws
from functions.core.lifecycle.deliveries import SETTINGS_RECEIVER
from functions.core.receivers import Receiver
from functions.core.settings import CatalogSettings, SettingsError
from functions.webhooks.deliver import Webhooks
from functions.webhooks.outbound import HttpReceiver
from functions.webhooks.settings import WebhookSettings
from functions.webhooks.targets import Targets

_CATALOG_TIMEOUT_MS = 5000
_CATALOG_POOL = 4
"""Connections to MongoDB. More attempts at the same time wait for receivers, not for these."""


def wire(environ: Mapping[str, str]) -> Webhooks:
    """Read the settings and build everything. The objects connect at their first use.

    Raises `SettingsError`, also if webhooks are off.
    """
    settings = WebhookSettings.read(environ)
    queue = WebhookQueue.read(environ, SdkAws(environ).send_message)
    if settings is None or queue is None:
        raise SettingsError("Set WEBHOOK_QUEUE_URL, and WEBHOOK_URL with WEBHOOK_SECRET.")
    catalog = MongoCatalog(
        CatalogSettings.read(environ), pool_size=_CATALOG_POOL, timeout_ms=_CATALOG_TIMEOUT_MS
    )
    targets = Targets(
        catalog.receivers.all,
        partial(HttpReceiver, allow_private=settings.allow_private),
        root=settings.root,
        fixed=(receiver_of_settings(settings.url), settings.secrets) if settings.url else None,
    )
    return Webhooks(catalog, targets, queue, settings.api_url)


def receiver_of_settings(url: str) -> Receiver:
    """Return the receiver that the settings name. It gets every result."""
    return Receiver(SETTINGS_RECEIVER, url, created_at=datetime.now(UTC))
