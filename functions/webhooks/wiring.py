"""Builds the webhooks function's objects from its settings."""

from collections.abc import Mapping

from standardwebhooks import Webhook as WebhookSigner

from functions.adapters.jobs import WebhookQueue
from functions.adapters.mongo import MongoCatalog
from functions.adapters.sdk.aws import SdkAws
from functions.core.settings import CatalogSettings, SettingsError
from functions.webhooks.deliver import Webhooks
from functions.webhooks.outbound import HttpReceiver
from functions.webhooks.settings import WebhookSettings

_CATALOG_TIMEOUT_MS = 5000


def wire(environ: Mapping[str, str]) -> Webhooks:
    """Read the settings and build everything. The objects connect at their first use.

    Raises `SettingsError`, also if webhooks are off.
    """
    settings = WebhookSettings.read(environ)
    queue = WebhookQueue.read(environ, SdkAws(environ).send_message)
    if settings is None or queue is None:
        raise SettingsError("Set WEBHOOK_URL, WEBHOOK_SECRET and WEBHOOK_QUEUE_URL.")
    catalog = MongoCatalog(
        CatalogSettings.read(environ), pool_size=1, timeout_ms=_CATALOG_TIMEOUT_MS
    )
    receiver = HttpReceiver(settings.url, allow_private=settings.allow_private)
    signers = [WebhookSigner(secret) for secret in settings.secrets]
    return Webhooks(catalog, receiver.post, signers, queue, settings.api_url)
