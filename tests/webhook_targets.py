"""Webhook receivers for tests of the function that delivers to them."""

from collections.abc import Callable, Iterable

from functions.core.receivers import Receiver
from functions.webhooks.outbound import HttpReceiver
from functions.webhooks.targets import ReceiverClient, Targets
from functions.webhooks.wiring import receiver_of_settings
from tests.receivers import SECRET

ROOT = "r" * 43
"""The secret that derives those of the receivers."""


def targets_of_settings(client: ReceiverClient, *secrets: str) -> Targets:
    """Return the receiver of the settings alone."""
    receiver = receiver_of_settings("https://example.com/hooks")
    return Targets(list, lambda _: client, root=None, fixed=(receiver, secrets or (SECRET,)))


def targets_of_records(load: Callable[[], Iterable[Receiver]]) -> Targets:
    """Return receivers on this machine that have records, also those on the way out of use."""
    return Targets(
        load, lambda url: HttpReceiver(url, allow_private=True, exchange_s=1.0), root=ROOT
    )
