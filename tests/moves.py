"""Changes a video in a catalog by the rules, as the functions do."""

from collections.abc import Callable
from datetime import datetime

from functions.adapters.catalog import Catalog, change
from functions.core.lifecycle import attempts, deliveries, restarts, stuck
from functions.core.lifecycle.deliveries import SETTINGS_RECEIVER
from functions.core.lifecycle.moves import Move
from functions.core.video import Lease, UploadedObject, Video
from tests.examples import failure, media, processing, thumbnail


def move(catalog: Catalog, video_id: str, rule: Callable[[Video], Move]) -> Video:
    """Apply a rule that must not refuse."""
    seen = catalog.get(video_id)
    assert seen
    moved = change(catalog, seen, rule)
    assert isinstance(moved, Video), moved
    return moved


def claim(catalog: Catalog, event: UploadedObject, lease: Lease, *, now: datetime) -> Video:
    return move(catalog, event.video_id, lambda seen: attempts.claim(seen, event, lease, now=now))


def complete(catalog: Catalog, video_id: str, lease: Lease) -> Video:
    webhook = catalog.new_webhook(due_at=processing().finished_at)

    def rule(seen: Video) -> Move:
        return attempts.complete(
            seen,
            lease,
            media=media(),
            thumbnail=thumbnail(),
            processing=processing(),
            webhook=webhook,
        )

    return move(catalog, video_id, rule)


def fail_stuck(catalog: Catalog, video_id: str, *, now: datetime) -> Video:
    webhook = catalog.new_webhook(due_at=now)
    return move(
        catalog,
        video_id,
        lambda seen: stuck.fail_stuck(seen, error=failure(), webhook=webhook, now=now),
    )


def retry(catalog: Catalog, video_id: str, *, now: datetime) -> Video:
    return move(catalog, video_id, lambda seen: restarts.retry(seen, now=now))


def begin_delivery(video: Video, *, now: datetime) -> Video:
    """Count an attempt to the receiver of the settings."""
    wanted_by = [SETTINGS_RECEIVER]
    begun = deliveries.begin_delivery(video, SETTINGS_RECEIVER, wanted_by=wanted_by, now=now)
    assert isinstance(begun, Video), begun
    return begun


def end_delivery(video: Video, status: int | None, *, now: datetime) -> Video:
    """Record the answer to the attempt that `begin_delivery` has counted."""
    assert video.webhook
    (begun,) = video.webhook.deliveries
    after = deliveries.after_answer(begun, status, now=now)
    ended = deliveries.end_delivery(video, video.webhook.id, begun, after)
    assert isinstance(ended, Video), ended
    return ended
