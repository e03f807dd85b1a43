"""The deliveries of a result's webhook: their plan, their attempts and their retry schedule."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from functions.core.lifecycle.moves import Move, Refusal
from functions.core.video import Delivery, Video, Webhook

WEBHOOK_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=6),
)
"""The times between delivery attempts: the schedule of Standard Webhooks, for one day. Clipo makes
the first attempt at once."""

DELIVERY_TIME = timedelta(minutes=2)
"""The time after which Clipo counts a delivery attempt as interrupted."""

SETTINGS_RECEIVER = "settings"
"""The id of the receiver that the settings name. All others have records."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""The longest time by which a receiver can postpone the next delivery attempt."""

CLOCK_SKEW = timedelta(seconds=2)
"""The tolerated difference between the clocks of processing and webhooks: processing sets the due
time of the first delivery attempt."""

_GONE = 410
"""The HTTP status with which a receiver asks for no further attempts."""

_ACCEPTED = range(200, 300)
"""The HTTP statuses with which a receiver accepts a webhook. A redirect is not one of them."""


def is_due(one: Webhook | Delivery, *, now: datetime) -> bool:
    """Tell whether a delivery attempt may be made now."""
    return one.due_at is not None and one.due_at <= now + CLOCK_SKEW


def begin_delivery(
    video: Video, receiver: str, *, wanted_by: Collection[str], now: datetime
) -> Move:
    """Count a delivery attempt to a receiver, if one is due.

    The caller saves it first, so that only one run makes it. `wanted_by` has the receivers that
    want this result: the first attempt to any of them plans the deliveries to all. A receiver that
    was removed or does not want the result any more gets no further attempt.
    """
    webhook = video.webhook
    if webhook is None or not is_due(webhook, now=now):
        return Refusal.ANOTHER_ATTEMPT
    planned = webhook.deliveries or _planned(webhook, wanted_by)
    deliveries = [one for one in planned if one.receiver in wanted_by or one.due_at is None]
    begun = (
        _begun(one, now) if one.receiver == receiver and is_due(one, now=now) else one
        for one in deliveries
    )
    return replace(video, webhook=_with_deliveries(webhook, tuple(begun)))


def has_begun(webhook: Webhook, receiver: str, *, now: datetime) -> bool:
    """Tell whether `begin_delivery` has counted an attempt to a receiver at this moment."""
    delivery = webhook.delivery_to(receiver)
    return delivery is not None and delivery.due_at == now + DELIVERY_TIME


def _planned(webhook: Webhook, wanted_by: Collection[str]) -> tuple[Delivery, ...]:
    """Return the deliveries of a result to all receivers that want it.

    A record of release 0.1 may have had attempts: they were for the receiver of the settings.
    """
    return tuple(
        Delivery(
            receiver,
            due_at=webhook.due_at,
            attempts=webhook.attempts if receiver == SETTINGS_RECEIVER else 0,
        )
        for receiver in wanted_by
    )


def _begun(delivery: Delivery, now: datetime) -> Delivery:
    if deliveries_exhausted(delivery):
        # The last attempt was interrupted.
        return replace(delivery, due_at=None)
    return replace(delivery, attempts=delivery.attempts + 1, due_at=now + DELIVERY_TIME)


def _with_deliveries(webhook: Webhook, deliveries: tuple[Delivery, ...]) -> Webhook:
    delivered = [one.delivered_at for one in deliveries if one.delivered_at]
    return replace(
        webhook,
        due_at=min((one.due_at for one in deliveries if one.due_at), default=None),
        attempts=max((one.attempts for one in deliveries), default=0),
        delivered_at=max(delivered) if delivered and len(delivered) == len(deliveries) else None,
        deliveries=deliveries,
    )


def is_accepted(status: int | None) -> bool:
    """Tell whether a receiver accepts a webhook by this HTTP status; `None` is no response."""
    return status in _ACCEPTED


def after_answer(
    begun: Delivery, status: int | None, *, now: datetime, retry_after: timedelta = timedelta()
) -> Delivery:
    """Return a delivery after an attempt, with the due time of the next one if there is one.

    `status` is the HTTP status, `None` if there was no response. `retry_after` is the shortest wait
    that the receiver asks for.
    """
    if is_accepted(status):
        return replace(begun, due_at=None, last_status=status, delivered_at=now)
    if status == _GONE or deliveries_exhausted(begun):
        return replace(begun, due_at=None, last_status=status)
    delay = max(WEBHOOK_DELAYS[begun.attempts - 1], min(retry_after, LONGEST_RETRY_AFTER))
    return replace(begun, due_at=now + delay, last_status=status)


def end_delivery(video: Video, webhook_id: str, begun: Delivery, after: Delivery) -> Move:
    """Record the result of a delivery attempt."""
    webhook = video.webhook
    if webhook is None or webhook.id != webhook_id:
        return Refusal.ANOTHER_ATTEMPT
    held = webhook.delivery_to(begun.receiver)
    if held is None or held.attempts != begun.attempts:
        return Refusal.ANOTHER_ATTEMPT
    ended = _with_deliveries(webhook, _replaced(webhook, after))
    return replace(video, webhook=replace(ended, last_status=after.last_status))


def deliver_again(video: Video, webhook_id: str, receiver: str, *, now: datetime) -> Move:
    """Make a delivery of the present result due now, with all attempts available again."""
    webhook = video.webhook
    if webhook is None or webhook.id != webhook_id:
        return Refusal.SUPERSEDED
    if webhook.delivery_to(receiver) is None:
        return Refusal.UNKNOWN
    again = _replaced(webhook, Delivery(receiver, due_at=now))
    return replace(video, webhook=_with_deliveries(webhook, again))


def _replaced(webhook: Webhook, delivery: Delivery) -> tuple[Delivery, ...]:
    return tuple(
        delivery if one.receiver == delivery.receiver else one for one in webhook.deliveries
    )


def deliveries_exhausted(delivery: Delivery) -> bool:
    """Tell whether all delivery attempts are used up."""
    return delivery.attempts > len(WEBHOOK_DELAYS)
