"""Webhooks, built when the module is imported."""

import os
from typing import Any

from functions.adapters.jobs import WebhookQueue
from functions.adapters.sdk.aws import SdkAws
from functions.webhooks.deliver import Webhooks
from functions.webhooks.handler import handle
from functions.webhooks.outbound import HttpReceiver
from functions.webhooks.targets import Targets
from functions.webhooks.wiring import receiver_of_settings

from .clients import catalog

webhooks = Webhooks(
    catalog,
    Targets(
        catalog.receivers.all,
        lambda url: HttpReceiver(url, allow_private=False),
        root=None,
        fixed=(receiver_of_settings(os.environ["WEBHOOK_URL"]), (os.environ["WEBHOOK_SECRET"],)),
    ),
    WebhookQueue(os.environ["WEBHOOK_QUEUE_URL"], SdkAws(os.environ).send_message),
    os.environ["API_URL"],
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Attempt every webhook that is due, or those that messages of the queue name."""
    return handle(event, context, webhooks)
