"""The webhook queue where `server.webhooks` finds due webhooks in the catalog."""

from functions.adapters.jobs import WebhookQueue, enqueued_test
from functions.adapters.request_failed import RequestFailed


def polled_webhooks() -> WebhookQueue:
    """Return a queue that sends nothing: the record has the due time (ADR 60).

    It refuses the test of a receiver, which no record has.
    """
    return WebhookQueue("", _send)


def _send(_queue_url: str, body: str, _delay_s: int) -> None:
    if enqueued_test(body):
        raise RequestFailed("NoQueue")
