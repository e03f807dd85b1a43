"""Manages webhook receivers, and sends tests and deliveries again."""

from dataclasses import replace
from os import urandom
from typing import Any

from functions.adapters.jobs import WebhookQueue
from functions.adapters.mongo.ids import new_event_id
from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.problems import InvalidField, Problem
from functions.api.services import Services
from functions.core.delivery_log import DeliveryStatus, LoggedDelivery, delivery_id
from functions.core.lifecycle.deliveries import SETTINGS_RECEIVER, deliver_again
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.receivers import (
    MOST_RECEIVERS,
    SECRETS_OVERLAP,
    Receiver,
    fault_of_url,
    new_receiver_id,
    signing_secret,
)
from functions.core.result_event import TEST_EVENT
from functions.core.unavailable import QueueUnavailable
from functions.core.video import Video


def create_receiver(services: Services, fields: dict[str, Any]) -> tuple[Receiver, str]:
    """Return a new receiver and its signing secret. Raises `Problem`."""
    root = _root(services)
    _check_url(services, fields["url"])
    if len(services.receivers.all()) >= MOST_RECEIVERS:
        raise Problem(problems.TOO_MANY_RECEIVERS, problems.TOO_MANY_RECEIVERS.example)
    receiver = Receiver(new_receiver_id(urandom), created_at=services.now(), **fields)
    services.receivers.add(receiver)
    logger().info("receiver created", receiver=receiver.id)
    return receiver, signing_secret(root, receiver.id, receiver.secret_number)


def find_receiver(services: Services, receiver_id: str) -> Receiver:
    """Return a receiver. Raises `Problem` if there is none."""
    receiver = services.receivers.get(receiver_id)
    if receiver is None:
        raise _not_found(receiver_id)
    return receiver


def change_receiver(services: Services, receiver_id: str, fields: dict[str, Any]) -> Receiver:
    """Change fields of a receiver, and return it. Raises `Problem`."""
    if "url" in fields:
        _check_url(services, fields["url"])
    changed = replace(find_receiver(services, receiver_id), **fields)
    if not services.receivers.replace(changed):
        raise _not_found(receiver_id)
    logger().info("receiver changed", receiver=receiver_id, fields=sorted(fields))
    return changed


def change_secret(services: Services, receiver_id: str) -> tuple[Receiver, str]:
    """Return a receiver with its new secret; the old one also signs for a day. Raises `Problem`."""
    root, receiver = _root(services), find_receiver(services, receiver_id)
    number = receiver.secret_number + 1
    changed = change_receiver(
        services,
        receiver_id,
        {
            "secret_number": number,
            "previous_secret_until": services.now() + SECRETS_OVERLAP,
        },
    )
    return changed, signing_secret(root, receiver_id, number)


def remove_receiver(services: Services, receiver_id: str) -> None:
    """Remove a receiver, which gets no further attempts. Raises `Problem` if there is none."""
    if not services.receivers.remove(receiver_id):
        raise _not_found(receiver_id)
    logger().info("receiver removed", receiver=receiver_id)


def test_receiver(services: Services, receiver_id: str) -> LoggedDelivery:
    """Have a test sent to a receiver. Raises `Problem` and `QueueUnavailable`."""
    queue = _queue(services)
    if receiver_id != SETTINGS_RECEIVER:
        find_receiver(services, receiver_id)
    event_id, now = new_event_id(), services.now()
    test = LoggedDelivery(
        id=delivery_id(event_id, receiver_id),
        receiver=receiver_id,
        event_id=event_id,
        type=TEST_EVENT,
        status=DeliveryStatus.PENDING,
        created_at=now,
        due_at=now,
    )
    services.catalog.add_test(test)
    try:
        queue.enqueue_test(test.id)
    except QueueUnavailable:
        services.catalog.mark_delivery(test, DeliveryStatus.FAILED, due_at=None)
        raise
    return test


def find_delivery(services: Services, wanted: str) -> LoggedDelivery:
    """Return a delivery of the log. Raises `Problem` if there is none."""
    delivery = services.catalog.delivery(wanted)
    if delivery is None:
        raise Problem(
            problems.DELIVERY_NOT_FOUND,
            f"The log has no delivery {wanted[:80]}. It keeps each for 7 days.",
        )
    return delivery


def send_again(services: Services, wanted: str) -> LoggedDelivery:
    """Have a delivery made again, with the same event id. Raises `Problem`."""
    check_on(services)
    delivery, now = find_delivery(services, wanted), services.now()
    video = _video_of(services, delivery)

    def rule(seen: Video) -> Move:
        return deliver_again(seen, delivery.event_id, delivery.receiver, now=now)

    if isinstance(rule(video), Refusal):
        raise _superseded(delivery)
    # Before the attempt: it records its result in the log.
    services.catalog.mark_delivery(delivery, DeliveryStatus.PENDING, due_at=now)
    if isinstance(services.catalog.change(video, rule), Refusal):
        services.catalog.mark_delivery(delivery, delivery.status, due_at=delivery.due_at)
        raise _superseded(delivery)
    _enqueue(services, video)
    return find_delivery(services, wanted)


def _enqueue(services: Services, video: Video) -> None:
    """Have a webhook delivered at once. Otherwise the next run finds it by its due time."""
    if services.webhook_queue is None:
        return
    try:
        services.webhook_queue.enqueue(video.id)
    except QueueUnavailable:
        logger().warning("webhook not enqueued", video_id=video.id, exc_info=True)


def _video_of(services: Services, delivery: LoggedDelivery) -> Video:
    """Return the video of a delivery, if its receiver still wants the result. Raises `Problem`."""
    if delivery.video_id is None:
        raise Problem(
            problems.NOT_RESENDABLE,
            f"This delivery was a test. Send another one: POST /webhooks/{delivery.receiver}/test.",
        )
    video = services.catalog.get(delivery.video_id)
    if video is None:
        raise _superseded(delivery)
    if delivery.receiver != SETTINGS_RECEIVER:
        receiver = services.receivers.get(delivery.receiver)
        if receiver is None or not receiver.wants(video):
            raise Problem(
                problems.NOT_RESENDABLE,
                f"The receiver {delivery.receiver} was removed or turned off, or does not want"
                " this event any more.",
            )
    return video


def _superseded(delivery: LoggedDelivery) -> Problem:
    return Problem(
        problems.NOT_RESENDABLE,
        f"Video {delivery.video_id} has a newer result, or was deleted. Clipo only delivers the"
        " present result of a video.",
    )


def _not_found(receiver_id: str) -> Problem:
    return Problem(
        problems.RECEIVER_NOT_FOUND,
        f"There is no webhook receiver {receiver_id[:80]}. `clipo webhooks list` shows all.",
    )


def check_on(services: Services) -> None:
    """Raise `Problem` if webhooks are off."""
    if not services.settings.webhooks.webhooks_on:
        raise _off()


def _root(services: Services) -> str:
    check_on(services)
    if services.settings.webhooks.root is None:
        raise _off()
    return services.settings.webhooks.root


def _queue(services: Services) -> WebhookQueue:
    if services.webhook_queue is None:
        raise _off()
    return services.webhook_queue


def _off() -> Problem:
    return Problem(problems.WEBHOOKS_OFF, problems.WEBHOOKS_OFF.example)


def _check_url(services: Services, url: str) -> None:
    allow_private = services.settings.webhooks.allow_private
    if fault := fault_of_url(url, allow_private=allow_private):
        error = InvalidField("body.url", f"The URL {fault}")
        raise Problem(problems.INVALID_REQUEST, f"{error.field}: {error.message}", error)
